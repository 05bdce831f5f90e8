// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// The version of these headers, `"major.minor.patch"`, and its parts as numbers.
#define MULTIPROCESS_VERSION "0.1.0"
#define MULTIPROCESS_VERSION_MAJOR 0
#define MULTIPROCESS_VERSION_MINOR 1
#define MULTIPROCESS_VERSION_PATCH 0
