// The server's side of TLS as a filter between a socket and a protocol: OpenSSL, with its input and output in memory.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "live/settings.hpp"
#include "sim/wire/bytes.hpp"

struct ssl_ctx_st;
struct ssl_st;
struct bio_st;

namespace wirelab::live {

/// A certificate with its key, for all connections of a listener.
class TlsContext {
 public:
  /// Reads the files, or says which one is wrong, and how.
  static tl::expected<TlsContext, std::string> make(const TlsFiles& files);
  /// From now on appends the keys of every session to `into`, in the form of SSLKEYLOGFILE; it must outlive the context.
  void log_keys(std::string& into);
  ssl_ctx_st* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

class TlsSession {
 public:
  explicit TlsSession(const TlsContext& context);
  /// Takes bytes from the socket; what they mean is appended to `plain`, and what is to be sent waits for take_output(). An error in
  /// words ends the session.
  tl::expected<void, std::string> receive(wire::Bytes bytes, std::vector<std::uint8_t>& plain);
  bool handshake_done() const;
  /// Encrypts; only after the handshake.
  void write(wire::Bytes plain);
  /// Says that nothing more will come.
  void close();
  /// Appends what is to be sent to `out`.
  void take_output(std::vector<std::uint8_t>& out);

 private:
  struct Free {
    void operator()(ssl_st* session) const;
  };
  std::unique_ptr<ssl_st, Free> session_;
  bio_st* in_ = nullptr;   // the session's
  bio_st* out_ = nullptr;  // the session's
};

}  // namespace wirelab::live
