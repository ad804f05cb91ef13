// A sensor as a device's program reads it: a base value, a daily or other slow swing, noise, and the steps of its converter.
// A person or a scenario may set it to a value, which it then keeps.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "sim/kernel/random.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab {

/// value = base + swing * sin(2 pi t / period) + noise * (standard normal), rounded to `step`, kept in [low, high].
struct SensorModel {
  double base = 0;
  double swing = 0;
  Duration period = Duration::seconds(86400);
  double noise = 0;
  double step = 0;
  double low = -1e9;
  double high = 1e9;
};

/// The sensors that a scenario may read without describing them, and their stated defaults.
inline constexpr std::array<std::string_view, 3> kDefaultSensors{"temperature", "humidity", "light"};
SensorModel default_sensor(std::string_view name);

class Sensor {
 public:
  Sensor(Tracer& trace, std::uint64_t seed, EntityId entity, const SensorModel& model);

  /// One reading, recorded. Draws one pair of random numbers where the model has noise.
  double read(Instant now);
  /// From now on it reads this, without swing and noise.
  void set(double value);
  EntityId entity() const { return entity_; }
  void visit_state(StateVisitor& visitor) const;

 private:
  void record(double value);
  Tracer& trace_;
  EntityId entity_;
  SensorModel model_;
  std::optional<double> set_;
  double last_ = 0;
  RandomStream luck_;
};

}  // namespace wirelab
