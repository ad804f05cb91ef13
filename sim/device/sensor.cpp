#include "sim/device/sensor.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/kernel/mathematics.hpp"

namespace wirelab {

SensorModel default_sensor(std::string_view name) {
  SensorModel model;
  if (name == "temperature") {
    model = {.base = 21.0, .swing = 3.0, .noise = 0.1, .step = 0.1, .low = -40.0, .high = 85.0};  // degrees Celsius
  } else if (name == "humidity") {
    model = {.base = 45.0, .swing = 8.0, .noise = 0.5, .step = 0.1, .low = 0.0, .high = 100.0};  // per cent
  } else if (name == "light") {
    model = {
        .base = 400.0, .swing = 350.0, .noise = 5.0, .step = 1.0, .low = 0.0, .high = 1023.0};  // of a 10-bit converter
  }
  return model;
}

Sensor::Sensor(Tracer& trace, std::uint64_t seed, EntityId entity, const SensorModel& model)
    : trace_(trace), entity_(entity), model_(model), luck_(seed, trace.names().text(entity), "noise") {}

double Sensor::read(Instant now) {
  double value = model_.base;
  if (set_) {
    value = *set_;
  } else {
    if (model_.swing != 0.0) {
      const double turns = static_cast<double>(now.ns()) / static_cast<double>(model_.period.ns());
      value += model_.swing * mathematics::sin(2.0 * 0x1.921fb54442d18p+1 * turns);
    }
    if (model_.noise != 0.0) value += model_.noise * luck_.normal();
    if (model_.step > 0.0) {
      // By the reciprocal where that is whole, so that a step of 0.1 gives 21.3 and not 21.300000000000001.
      const double per_unit = std::floor(1.0 / model_.step + 0.5);
      const bool whole = std::fabs(per_unit * model_.step - 1.0) < 1e-9;
      value =
          whole ? std::floor(value * per_unit + 0.5) / per_unit : std::floor(value / model_.step + 0.5) * model_.step;
    }
    value = std::clamp(value, model_.low, model_.high);
  }
  record(value + 0.0);  // minus zero becomes zero
  return last_;
}

void Sensor::set(double value) {
  set_ = value + 0.0;
  record(*set_);
}

void Sensor::record(double value) {
  trace_.state(entity_, Field::sensor_value, std::bit_cast<std::int64_t>(last_), std::bit_cast<std::int64_t>(value));
  last_ = value;
}

void Sensor::visit_state(StateVisitor& visitor) const {
  visitor.value(entity_, Field::sensor_value, 0, std::bit_cast<std::int64_t>(last_));
}

}  // namespace wirelab
