# SPDX-License-Identifier: BSD-3-Clause
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/multiprocess)

install(TARGETS multiprocess EXPORT multiprocessTargets FILE_SET HEADERS FILE_SET implemented)
install(EXPORT multiprocessTargets NAMESPACE multiprocess:: DESTINATION ${package_dir})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/multiprocessConfig.cmake.in
  multiprocessConfig.cmake INSTALL_DESTINATION ${package_dir}
)
write_basic_package_version_file(multiprocessConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES
    ${CMAKE_CURRENT_BINARY_DIR}/multiprocessConfig.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/multiprocessConfigVersion.cmake
  DESTINATION ${package_dir}
)

cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
  BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE prefix_from_pc
)
if(NOT BUILD_SHARED_LIBS)
  set(pc_requires ", libcrypto")  # so that no caller has to ask for --static
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/multiprocess.pc.in multiprocess.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/multiprocess.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
)
