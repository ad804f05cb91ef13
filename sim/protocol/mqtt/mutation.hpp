// Rules of a broker that can be broken on purpose, one at a time. No broker that anybody uses has one: they are there to show
// that `wirelab torture` sees it when a broker breaks its promises. Each names the statement that it offends.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace wirelab::mqtt {

enum class Mutation : std::uint8_t {
  none,
  passes_repeats_on,
  forgets_received,
  drops_the_queue,
  does_not_resend,
  ignores_absent,
  resends_without_dup,
  reuses_identifiers,
  reverses_the_queue,
  raises_qos,
  keeps_unsubscribed,
  ignores_clean_start,
  denies_the_session,
  keeps_retained,
  withholds_retained,
  retains_the_first,
  forgets_wills,
  sends_will_after_disconnect,
  ignores_will_delay,
  is_impatient,
  is_patient,
  ignores_receive_maximum,
  ignores_expiry,
  ignores_no_local,
  acknowledges_and_drops,
  keeps_what_has_ended,
  count_
};

struct MutationInfo {
  Mutation mutation;
  std::string_view name;  // as `--mutation` has it
  std::string_view what;
  std::string_view statement;
};

inline constexpr std::array kMutations{
    MutationInfo{Mutation::passes_repeats_on, "passes-repeats-on",
                 "a QoS 2 message that comes again before PUBREL is passed on again", "MQTT-4.3.3-2"},
    MutationInfo{Mutation::forgets_received, "forgets-received",
                 "the identifiers of QoS 2 messages that wait for PUBREL are forgotten with the connection",
                 "MQTT-4.1.0-1"},
    MutationInfo{Mutation::drops_the_queue, "drops-the-queue", "what waits for a session is dropped when it is resumed",
                 "MQTT-3.1.2-4"},
    MutationInfo{Mutation::does_not_resend, "does-not-resend",
                 "what is in flight is not sent again after a reconnection", "MQTT-4.4.0-1"},
    MutationInfo{Mutation::ignores_absent, "ignores-absent", "messages for a session without a connection are not kept",
                 "MQTT-3.1.2-5"},
    MutationInfo{Mutation::resends_without_dup, "resends-without-dup", "what is sent again has no DUP", "MQTT-3.3.1-1"},
    MutationInfo{Mutation::reuses_identifiers, "reuses-identifiers",
                 "every message to a client has packet identifier 1", "MQTT-2.3.1-2"},
    MutationInfo{Mutation::reverses_the_queue, "reverses-the-queue", "what waits longest is sent last", "MQTT-4.6.0-6"},
    MutationInfo{Mutation::raises_qos, "raises-qos", "a message goes out at the subscription's QoS, whatever its own",
                 "MQTT-3.8.4-6"},
    MutationInfo{Mutation::keeps_unsubscribed, "keeps-unsubscribed", "UNSUBSCRIBE is answered and changes nothing",
                 "MQTT-3.10.4-2"},
    MutationInfo{Mutation::ignores_clean_start, "ignores-clean-start",
                 "a clean session finds the subscriptions of the one before", "MQTT-3.1.2-6"},
    MutationInfo{Mutation::denies_the_session, "denies-the-session", "CONNACK never says that there is a session",
                 "MQTT-3.2.2-2"},
    MutationInfo{Mutation::keeps_retained, "keeps-retained", "an empty message does not clear what is retained",
                 "MQTT-3.3.1-10"},
    MutationInfo{Mutation::withholds_retained, "withholds-retained", "a new subscription gets no retained messages",
                 "MQTT-3.3.1-6"},
    MutationInfo{Mutation::retains_the_first, "retains-the-first", "a retained message is not replaced by the next one",
                 "MQTT-3.3.1-7"},
    MutationInfo{Mutation::forgets_wills, "forgets-wills", "a will is not published when the connection is lost",
                 "MQTT-3.1.2-8"},
    MutationInfo{Mutation::sends_will_after_disconnect, "sends-will-after-disconnect",
                 "a will is published although the client has said DISCONNECT", "MQTT-3.1.2-10"},
    MutationInfo{Mutation::ignores_will_delay, "ignores-will-delay", "a will does not wait for its delay",
                 "MQTT5-3.1.3-9"},
    MutationInfo{Mutation::is_impatient, "is-impatient", "a client is thrown out after one keep alive of silence",
                 "MQTT-3.1.2-24"},
    MutationInfo{Mutation::is_patient, "is-patient", "a client is thrown out after three keep alives of silence",
                 "MQTT-3.1.2-24"},
    MutationInfo{Mutation::ignores_receive_maximum, "ignores-receive-maximum",
                 "the client's receive maximum does not count", "MQTT5-3.3.4-9"},
    MutationInfo{Mutation::ignores_expiry, "ignores-expiry", "a message that has expired is sent all the same",
                 "MQTT5-3.3.2-5"},
    MutationInfo{Mutation::ignores_no_local, "ignores-no-local",
                 "a client gets what it has published in spite of No Local", "MQTT5-3.8.3-3"},
    MutationInfo{Mutation::acknowledges_and_drops, "acknowledges-and-drops",
                 "every seventh QoS 1 message is acknowledged and goes to nobody", "MQTT-4.3.2-2"},
    MutationInfo{Mutation::keeps_what_has_ended, "keeps-what-has-ended",
                 "a message stays in memory although its handshake has ended", "bounded memory"},
};

constexpr std::string_view name_of(Mutation mutation) {
  return mutation == Mutation::none ? std::string_view("none")
                                    : kMutations[static_cast<std::size_t>(mutation) - 1].name;
}

}  // namespace wirelab::mqtt
