# SPDX-License-Identifier: BSD-3-Clause
file(STRINGS /usr/include/boost/version.hpp line REGEX "define BOOST_LIB_VERSION")
string(REGEX MATCH "[0-9]+_[0-9]+" version "${line}")
string(REPLACE "_" "." PACKAGE_VERSION "${version}")
if(PACKAGE_VERSION VERSION_GREATER_EQUAL PACKAGE_FIND_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
