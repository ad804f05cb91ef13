#include "sim/world/link_profiles.hpp"

namespace wirelab {

void LinkProfiles::add(const LinkProfile& profile, LinkIndex link, const LinkDescription& described) {
  playing_.push_back({profile, link, described.to_a, described.to_b});
  events_.schedule(events_.now() + profile.begins, on_step, this, playing_.size() - 1);
}

void LinkProfiles::on_step(void* target, std::uint64_t index) {
  auto* self = static_cast<LinkProfiles*>(target);
  Playing& playing = self->playing_[index];
  const auto& steps = playing.profile.steps;
  if (playing.next == steps.size()) {
    if (!playing.profile.repeats) {
      self->set(playing, nullptr);
      return;
    }
    playing.next = 0;
  }
  const LinkProfile::Step& step = steps[playing.next++];
  self->set(playing, &step);
  self->events_.schedule(self->events_.now() + step.lasts, on_step, self, index);
}

void LinkProfiles::set(const Playing& playing, const LinkProfile::Step* step) {
  const LinkEnds& ends = network_.ends(playing.link);
  trace_.set_cause(0);
  CauseScope scope(trace_);
  trace_.emit_cause(Kind::link_profile, ends.entity, 0, std::uint16_t{0}, static_cast<std::uint32_t>(playing.next));
  for (const bool to_b : {true, false}) {
    Channel& channel = network_.channel(playing.link, to_b ? ends.a : ends.b);
    ChannelSettings settings = to_b ? playing.to_b : playing.to_a;
    if (step != nullptr) apply_changes(step->changes, settings);
    if (settings != channel.settings()) channel.change(settings);
    channel.set_up(step == nullptr || !step->cut);
  }
}

}  // namespace wirelab
