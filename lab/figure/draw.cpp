// A figure's files: data and script written, and gnuplot asked to draw.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "lab/figure/figure.hpp"
#include "lab/system/child.hpp"
#include "lab/system/files.hpp"

namespace wirelab {
namespace {

namespace fs = std::filesystem;

// Six inches wide, as a report's text; pictures at 200 dots an inch.
std::string terminal_for(const std::string& extension) {
  if (extension == ".svg") return "svg size 720,480 dynamic font 'Inter,Helvetica,sans-serif,12' background '#ffffff'";
  if (extension == ".pdf") return "pdfcairo size 6in,4in font 'Inter,11'";
  if (extension == ".png") return "pngcairo size 1200,800 fontscale 1.6 font 'Inter,11' background '#ffffff'";
  return {};
}

tl::expected<void, std::string> keep(const std::string& path, const std::string& text) {
  const auto written = write_file(path, text);
  return written ? written : tl::unexpected(fmt::format("{}: {}", path, written.error()));
}

}  // namespace

tl::expected<void, std::string> draw_figure(const Figure& figure, const std::string& out) {
  const fs::path path(out);
  const std::string terminal = terminal_for(path.extension().string());
  if (terminal.empty()) return tl::unexpected(fmt::format("--out {}: a figure is a .svg, .pdf or .png", out));
  const std::string gnuplot = find_program("gnuplot", {});
  if (gnuplot.empty())
    return tl::unexpected(
        std::string("figures are drawn by gnuplot, which is not installed: apt-get install gnuplot-nox"));
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string stem = path.stem().string();
  if (const auto kept = keep((folder / (stem + ".dat")).string(), figure.data); !kept) return kept;
  const std::string head =
      fmt::format("set terminal {}\nset output {}\n", terminal, "'" + path.filename().string() + "'");
  if (const auto kept = keep((folder / (stem + ".gp")).string(), head + figure.script); !kept) return kept;
  // Drawn beside its place, and renamed: whole, or not at all.
  const fs::path part = folder / fmt::format("{}.part-{}{}", stem, getpid(), path.extension().string());
  const fs::path words = folder / fmt::format("{}.part-{}.gp", stem, getpid());
  const fs::path errors = folder / fmt::format("{}.part-{}.log", stem, getpid());
  const std::string drawn = fmt::format("cd '{}'\nset terminal {}\nset output '{}'\n{}", folder.string(), terminal,
                                        part.filename().string(), figure.script);
  if (const auto kept = keep(words.string(), drawn); !kept) return kept;
  std::error_code ignored;
  auto child = Child::start({gnuplot, words.string()}, "", errors.string());
  const int status = child ? child->wait() : -1;
  const std::string said = child ? read_file(errors.string()).value_or("") : child.error();
  fs::remove(words, ignored), fs::remove(errors, ignored);
  if (status != 0 || said.find("line ") != std::string::npos || !fs::exists(part, ignored)) {
    fs::remove(part, ignored);
    return tl::unexpected(fmt::format("gnuplot could not draw {}: {}", out, said));
  }
  std::error_code error;
  fs::rename(part, path, error);
  if (error) return tl::unexpected(fmt::format("{}: {}", out, error.message()));
  return {};
}

}  // namespace wirelab
