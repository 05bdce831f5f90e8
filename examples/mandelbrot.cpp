// SPDX-License-Identifier: BSD-3-Clause
// The Mandelbrot set as a picture, mandelbrot.pgm: every row is a task.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <complex>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace mp = multiprocess;

using Row = std::vector<unsigned char>;
using Picture = std::vector<Row>;

constexpr std::size_t width = 600;
constexpr int height = 500;
constexpr int most = 250;  // steps until a point counts as caught

Row row(int line) {
  Row pixels(width);
  for (std::size_t column = 0; column < width; ++column) {
    const std::complex<double> c(-2 + 3.0 * static_cast<double>(column) / width,
                                 -1.25 + 2.5 * line / height);
    int n = 0;
    for (std::complex<double> z; n < most && std::norm(z) < 4; ++n) {
      z = z * z + c;
    }
    pixels[column] = static_cast<unsigned char>(n == most ? 0 : 255 - n);
  }
  return pixels;
}

std::pair<Picture, double> draw(mp::Pool pool) {
  const auto begin = std::chrono::steady_clock::now();
  Picture picture = pool.map(row, mp::range(height));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return {std::move(picture), took.count()};
}

int main() {
  const auto [picture, alone] = draw(mp::Pool(1));
  const auto [same, together] = draw(mp::Pool());
  fmt::print("one process: {:.3f} s, all: {:.3f} s, {:.1f} times as fast\n", alone, together,
             same == picture ? alone / together : 0);
  std::ofstream file("mandelbrot.pgm", std::ios::binary);
  file << fmt::format("P5 {} {} 255\n", width, height);
  std::ptrdiff_t black = 0;
  for (const Row& pixels : picture) {
    file.write(reinterpret_cast<const char*>(pixels.data()), width);
    black += std::ranges::count(pixels, 0);
  }
  fmt::print("mandelbrot.pgm: {} % black\n",
             100 * black / (std::ssize(picture) * std::ssize(picture.front())));
}
