// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "result.hpp"

/// The commonest words and how many there were in all, on stdout.
void print_words(const Result& result, std::size_t top);

/// How fast both runs were.
void print_speed(const Result& many, const Result& one, std::uint32_t processes);
