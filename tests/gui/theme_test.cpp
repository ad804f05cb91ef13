// Colours by numbers: contrast by WCAG 2.1, and what three kinds of colour-blind eyes see (Machado, Oliveira, Fernandes 2009).
#include "gui/theme.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>

using namespace wirelab::gui;

namespace {

using Rgb = std::array<double, 3>;

Rgb linear(std::uint32_t rgb) {
  Rgb out{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double c = static_cast<double>((rgb >> (16 - 8 * i)) & 255) / 255;
    out[i] = c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  }
  return out;
}

double luminance(std::uint32_t rgb) {
  const Rgb c = linear(rgb);
  return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
}

double contrast(std::uint32_t a, std::uint32_t b) {
  const double x = luminance(a);
  const double y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

// CIE L*a*b* of linear RGB under D65.
Rgb lab(const Rgb& c) {
  const double x = (0.4124 * c[0] + 0.3576 * c[1] + 0.1805 * c[2]) / 0.9505;
  const double y = 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
  const double z = (0.0193 * c[0] + 0.1192 * c[1] + 0.9505 * c[2]) / 1.089;
  const auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
  return {116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))};
}

double difference(std::uint32_t a, std::uint32_t b, const std::array<Rgb, 3>& eyes) {
  const auto seen = [&](std::uint32_t rgb) {
    const Rgb c = linear(rgb);
    Rgb out{};
    for (std::size_t i = 0; i < 3; ++i)
      out[i] = std::clamp(eyes[i][0] * c[0] + eyes[i][1] * c[1] + eyes[i][2] * c[2], 0.0, 1.0);
    return lab(out);
  };
  const Rgb p = seen(a);
  const Rgb q = seen(b);
  return std::sqrt(std::pow(p[0] - q[0], 2) + std::pow(p[1] - q[1], 2) + std::pow(p[2] - q[2], 2));
}

constexpr std::array<Rgb, 3> kProtan{
    {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}};
constexpr std::array<Rgb, 3> kDeutan{
    {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}};
constexpr std::array<Rgb, 3> kTritan{
    {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}};

}  // namespace

TEST_CASE("texts have contrast enough on every ground") {
  for (const Theme* theme : {&dark_theme(), &light_theme(), &contrast_theme()}) {
    CAPTURE(theme->name);
    for (const Colour ground : {Colour::app, Colour::panel, Colour::canvas, Colour::raised}) {
      CAPTURE(static_cast<int>(ground));
      for (const Colour text : {Colour::text, Colour::text_second, Colour::text_third}) {
        CAPTURE(static_cast<int>(text));
        CHECK(contrast(theme->at(text), theme->at(ground)) >= (theme == &contrast_theme() ? 7.0 : 4.5));
      }
    }
    for (const Colour colour : {Colour::qos0, Colour::qos1, Colour::qos2, Colour::ok, Colour::error, Colour::warning,
                                Colour::info, Colour::accent}) {
      CAPTURE(static_cast<int>(colour));
      CHECK(contrast(theme->at(colour), theme->at(Colour::panel)) >= 4.5);
    }
    CHECK(contrast(0xffffff, theme->at(Colour::accent_fill)) >= 4.5);
  }
}

TEST_CASE("colour-blind eyes tell the levels of QoS apart, and a loss from what arrives") {
  for (const Theme* theme : {&dark_theme(), &light_theme(), &contrast_theme()}) {
    for (const auto& [kind, eyes] : {std::pair{"protan", kProtan}, {"deutan", kDeutan}, {"tritan", kTritan}}) {
      CAPTURE(theme->name, kind);
      constexpr std::pair<Colour, Colour> pairs[] = {
          {Colour::qos0, Colour::qos1},     {Colour::qos0, Colour::qos2}, {Colour::qos1, Colour::qos2},
          {Colour::error, Colour::qos0},    {Colour::ok, Colour::qos2},   {Colour::error, Colour::qos1},
          {Colour::error, Colour::warning}, {Colour::ok, Colour::error},  {Colour::ok, Colour::warning}};
      for (const auto& [a, b] : pairs) {
        CAPTURE(static_cast<int>(a), static_cast<int>(b));
        CHECK(difference(theme->at(a), theme->at(b), eyes) > 11);  // seen at a glance; 2 is just noticed
      }
    }
  }
}
