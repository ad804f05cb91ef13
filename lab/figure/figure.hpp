// A figure of a sweep, fit to hand in: drawn by gnuplot from a data file and a script that are kept beside it, with intervals,
// units, a legend, and a caption that says of which scenario, seeds and sweep it is. Colours are those of M. Okabe and K. Ito
// ("Color Universal Design", 2008), which colour-blind eyes tell apart; lines differ in dashes and points, too.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "lab/sweep/folder.hpp"

namespace wirelab {

struct FigureRequest {
  enum class Kind {
    line,          // the mean over the seeds with its 95 % band, over a parameter
    bars,          // one bar for each value, several metrics stacked, the interval of their sum
    distribution,  // the share of runs that are at or below a value, with its 95 % band (Dvoretzky, Kiefer and Wolfowitz)
  } kind = Kind::line;
  std::string x;                                           // a parameter; of a distribution none
  std::vector<std::string> y;                              // metrics; more than one for bars only
  std::string by;                                          // a parameter: a line for each value; empty: one line
  std::vector<std::pair<std::string, std::string>> where;  // values of parameters that are neither
  bool log_x = false, log_y = false;
  std::string title;
};

struct Figure {
  std::string data;    // what gnuplot reads: blocks of columns, with a comment that names these
  std::string script;  // without the terminal and the name of the output
};

/// `data_file` is what the script calls the data. The error names what is wrong, and what was meant.
tl::expected<Figure, std::string> make_figure(const ReadSweep& sweep, const FigureRequest& request,
                                              const std::string& data_file);
/// Writes STEM.dat and STEM.gp beside `out`, whose end says which kind of file it is (.svg, .pdf, .png), and has gnuplot draw it.
tl::expected<void, std::string> draw_figure(const Figure& figure, const std::string& out);

/// Values of a parameter as numbers of one unit, as "2%", "500ms", "10kB" or plain numbers; empty where one of them is none.
struct NumberedValues {
  std::vector<double> numbers;
  std::string unit;
};
NumberedValues numbered(const std::vector<std::string>& values);

}  // namespace wirelab
