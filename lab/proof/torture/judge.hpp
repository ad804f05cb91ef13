// Judges a run of a plan from its trace alone: what MQTT promises, against a model of sessions, subscriptions, retained messages
// and wills that is kept by the control packets that really arrived. It shares nothing with the broker but the codec.
//
// What may rightly be lost or come twice is told apart by its record:
//   - a session ends with its connection, by its expiry or by a clean start; messages for it end with it;
//   - a broker that crashes goes on with what it had saved: messages accepted before may be gone, and may come again, and packet
//     identifiers of then may meet those of now;
//   - a client's program that dies takes what it had received and not finished with it, and the next one knows nothing of its
//     packet identifiers; so do devices that share a client identifier;
//   - queue_full where the queue is at its limit, expired, too_large for the client's maximum packet size;
//   - QoS 0 where there is no connection, or with a connection that ended.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lab/proof/torture/plan.hpp"
#include "lab/proof/torture/play.hpp"

namespace wirelab::torture {

struct Failure {
  Instant at;
  std::string what;
};

class Judge {
 public:
  Judge(const Plan& plan, const Omissions& without, const Played& played);
  /// Empty if all promises were kept; the first twenty.
  std::vector<Failure> judge();

 private:
  using LifeIndex = std::size_t;
  static constexpr LifeIndex kNoLife = ~std::size_t{0};
  static constexpr std::uint32_t kNever = mqtt::kNeverExpires;

  template <typename Packet>
  struct Arrived {
    StreamId stream;
    Instant at;
    Packet packet;
  };
  /// A message as its publisher sent it, or a will.
  struct Sent {
    std::string tag, topic;
    std::size_t size = 0;  // of the payload
    mqtt::Qos qos = mqtt::Qos::at_most_once;
    bool retain = false;
    std::uint32_t expiry = kNever;  // seconds from its acceptance
    std::string client;
    mqtt::PacketId id = 0;
    Instant accepted_at;
    bool has_expired(Instant now) const { return expiry != kNever && now >= accepted_at + Duration::seconds(expiry); }
  };
  struct ModelWill {
    Sent message;
    std::uint32_t delay = 0;
    std::optional<Instant> due;
  };
  struct ModelSubscription {
    mqtt::Qos qos;
    bool no_local, retain_as_published;
  };
  /// What a broker's process may come back with.
  struct Saved {
    bool exists = false;
    std::uint32_t expiry = 0;
    Instant expires = Instant::never();
    std::map<std::string, ModelSubscription> subscriptions;
    LifeIndex life = kNoLife;
    std::map<mqtt::PacketId, Sent> received;  // QoS 2 messages of the client's that wait for PUBREL
  };
  struct ModelSession : Saved {
    bool connected = false;
    bool resumed = false;    // by the present connection
    bool uncertain = false;  // it is what a broker had saved that crashed
    bool graceful = false;   // DISCONNECT with reason 0 has come on the present connection
    Instant last_heard;
    std::uint32_t keep_alive = 0;  // seconds
    mqtt::Version version = mqtt::Version::v3_1_1;
    std::uint32_t receive_maximum = 65535, max_packet_size = 0xffffffff;
    std::optional<ModelWill> will;
    std::int64_t queued = 0, in_flight = 0;               // as the trace says
    std::map<mqtt::PacketId, std::uint32_t> identifiers;  // in flight to the client: the broker's message
    std::set<mqtt::PacketId> unanswered;                  // of them, sent on this connection
    std::set<mqtt::PacketId>
        stale;  // of them, of a program that died or as a broker had saved them: they may be used anew
  };
  /// A session from its beginning to its end.
  struct Life {
    bool ended = false;
    bool doubled = false;  // several devices have the client identifier
  };
  /// What one session is to get of one message.
  struct Expectation {
    Sent message;
    std::array<int, 3> copies{};  // that it may get, by QoS
    int owed = 0;                 // of those, copies that must come
    bool live = false;            // some are not retained ones
    bool retained = false;        // some carry RETAIN
    bool excused = false;         // none need come any more
    bool may_repeat = false;      // even at QoS 2
    int got = 0;
    std::map<EntityId, std::array<int, 3>> delivered, fresh;  // by client and QoS: all, and those without DUP
    int arrivals = 0;
    bool was_sent = false;
  };
  /// Of a shared subscription one member gets the message.
  struct Group {
    std::string tag;
    std::vector<LifeIndex> members;
    bool owed = false;
    bool certain = false;  // not all members are what a broker had saved that crashed
  };
  /// To how many sessions a message goes.
  struct Routes {
    std::size_t least = 0, most = 0;
  };
  /// A client's program, as the trace names it.
  struct Client {
    std::string id;
    std::size_t device = 0;
    EntityId node = 0;
    bool alive = true;
    std::map<mqtt::PacketId, std::uint32_t> identifiers;  // in flight: its own number of the message; 0: a request
    std::set<mqtt::PacketId> unanswered;
    std::map<mqtt::PacketId, Arrived<mqtt::Publish>> received;  // QoS 2, by identifier
    std::map<mqtt::PacketId, int> unreleased;                   // QoS 2: in which epoch of the broker it came
    std::int64_t in_flight = 0;
    std::uint32_t receive_maximum = 65535;
  };

  // judge.cpp: the trace, record by record
  void fail(std::string what);
  void take(const Recording::Entry& entry);
  void take_state(const Recording::Entry& entry);
  void take_intervention(const Record& record);
  void received_by_broker(const Recording::Entry& entry);
  void sent_by_broker(const Record& record);
  void received_by_client(const Recording::Entry& entry);
  void sent_by_client(const Record& record);
  std::string_view resolve(const mqtt::Publish& packet, StreamId stream, bool sent);
  void look_once_more();
  void check_memory();

  // judge_sessions.cpp
  void connection_begins(const Recording::Entry& entry);
  void connection_ends(ModelSession& session);
  void end_life(ModelSession& session);
  void expire_sessions();
  bool is_replaced(const std::string& client) const;
  void take_session_event(const Record& record);
  void check_silence(const ModelSession& session, const std::string& client);
  void broker_stops(bool at_once);
  void after_stop();
  void broker_begins();
  void save();
  void program_dies(EntityId node);
  void arm_will(ModelSession& session, const std::string& client, const mqtt::Will& will);
  void will_published(const Record& record);
  void check_wills();

  // judge_messages.cpp
  void accepted(const Record& record);
  Routes expect(const Sent& message);
  void subscribed(const std::string& client, mqtt::Subscribe packet);
  void delivered(const Record& record);
  void lost(const Record& record);
  void check_messages();
  Expectation* find(const std::string& tag, LifeIndex life);
  Expectation& add_copy(const Sent& message, LifeIndex life, mqtt::Qos granted, bool owed);

  // judge_identifiers.cpp
  void publish_to_client(ModelSession& session, const std::string& client, const mqtt::Publish& packet,
                         const Record& record);
  void answer_to_broker(ModelSession& session, const mqtt::Packet& packet);
  void from_client(Client& client, const Record& record, const mqtt::Packet& packet);
  void answer_to_client(Client& client, const mqtt::Packet& packet);

  std::string_view name(std::uint32_t id) const { return played_.names->text(id); }
  /// Of an entity "hub/c3" or "hub/c3#2".
  std::string client_of(EntityId session) const;

  const Plan& plan_;
  const Omissions& without_;
  const Played& played_;
  std::size_t place_ = 0;  // of the record that is looked at
  Instant now_;
  std::vector<Failure> failures_;
  std::map<EntityId, EntityKind> kinds_;
  std::map<EntityId, Client> clients_;
  std::map<std::string, ModelSession> sessions_;  // by client identifier
  std::vector<Life> lives_;
  std::map<StreamId, StreamId> other_;                                    // the other direction of a connection
  std::map<StreamId, EntityId> sender_;                                   // whose program sends on it
  std::map<StreamId, LifeIndex> life_of_;                                 // by the stream to the client
  std::map<StreamId, int> epoch_of_;                                      // the same
  std::map<RecordNumber, Arrived<mqtt::Connect>> connects_;               // that have arrived
  std::map<RecordNumber, Arrived<mqtt::Publish>> arrivals_;               // PUBLISHes at clients
  std::map<RecordNumber, std::pair<EntityId, mqtt::PacketId>> releases_;  // PUBRELs at clients
  std::map<std::pair<StreamId, bool>, std::map<std::uint32_t, std::string>> aliases_;  // as sent, and as received
  std::map<std::string, Sent> retained_;                                               // by topic
  std::map<std::string, std::int64_t> retained_in_trace_;                  // the broker's number of the message
  std::map<std::uint32_t, Sent> at_broker_;                                // by the broker's number of a message
  std::optional<Sent> released_;                                           // by the PUBREL that came last
  std::map<std::pair<std::string, LifeIndex>, Expectation> expectations_;  // by tag and life
  std::vector<Group> groups_;
  struct Acceptance {
    int times = 0;
    LifeIndex publisher = kNoLife;
    int epoch = 0;
  };
  std::map<std::string, Acceptance> acceptances_;  // by tag
  std::map<std::tuple<std::string, std::string, unsigned, LifeIndex, EntityId>, int> last_step_;
  std::set<std::string> acknowledged_;  // tags of QoS 1 and 2
  std::set<std::string> unordered_;     // tags that may come late
  Routes expected_routes_;              // of the message that was accepted last
  struct Disk {
    std::map<std::string, Saved> sessions;
    std::map<std::string, Sent> retained;
  };
  std::optional<Disk> disk_;
  std::optional<Instant> next_save_;
  std::optional<Instant> stopping_;  // when the broker was asked to stop; until what follows is over
  bool crashed_ = false;
  int epoch_ = 0;  // begins anew when the broker has crashed
};

}  // namespace wirelab::torture
