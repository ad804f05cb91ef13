#include "live/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace wirelab::live {
namespace {

std::string last_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "it cannot be read" : reason;
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsSession::Free::operator()(ssl_st* session) const { SSL_free(session); }

tl::expected<TlsContext, std::string> TlsContext::make(const TlsFiles& files) {
  TlsContext made;
  made.context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = made.context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  const auto failed = [](const std::string& file, const char* what) {
    return tl::make_unexpected(file + " is no " + what + ": " + last_error());
  };
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
    return failed(files.certificate, "certificate in PEM");
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return failed(files.key, "private key in PEM");
  if (SSL_CTX_check_private_key(context) != 1)
    return tl::make_unexpected(files.key + " is not the key of the certificate in " + files.certificate);
  constexpr unsigned char kSessions[] = "wirelab";
  SSL_CTX_set_session_id_context(context, kSessions, sizeof kSessions - 1);
  if (!files.authorities.empty()) {
    if (SSL_CTX_load_verify_locations(context, files.authorities.c_str(), nullptr) != 1)
      return failed(files.authorities, "list of authorities in PEM");
    SSL_CTX_set_verify(context,
                       files.require_certificate ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE,
                       nullptr);
  }
  return made;
}

void TlsContext::log_keys(std::string& into) {
  SSL_CTX_set_app_data(context_.get(), &into);
  SSL_CTX_set_keylog_callback(context_.get(), [](const SSL* session, const char* line) {
    auto* keys = static_cast<std::string*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
    *keys += line;
    *keys += '\n';
  });
}

TlsSession::TlsSession(const TlsContext& context) : session_(SSL_new(context.get())) {
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(session_.get(), in_, out_);
  SSL_set_accept_state(session_.get());
}

bool TlsSession::handshake_done() const { return SSL_is_init_finished(session_.get()) != 0; }

tl::expected<void, std::string> TlsSession::receive(wire::Bytes bytes, std::vector<std::uint8_t>& plain) {
  ERR_clear_error();
  BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  for (;;) {
    constexpr std::size_t kRecord = 16384;
    const std::size_t at = plain.size();
    plain.resize(at + kRecord);
    const int size = SSL_read(session_.get(), plain.data() + at, static_cast<int>(kRecord));
    plain.resize(at + static_cast<std::size_t>(size > 0 ? size : 0));
    if (size > 0) continue;
    const int why = SSL_get_error(session_.get(), size);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {};
    if (why == SSL_ERROR_ZERO_RETURN) return tl::make_unexpected(std::string("the client has closed"));
    return tl::make_unexpected("TLS: " + last_error());
  }
}

void TlsSession::write(wire::Bytes plain) {
  // Memory takes everything at once.
  if (!plain.empty()) SSL_write(session_.get(), plain.data(), static_cast<int>(plain.size()));
}

void TlsSession::close() {
  if (handshake_done()) SSL_shutdown(session_.get());
}

void TlsSession::take_output(std::vector<std::uint8_t>& out) {
  const std::size_t waiting = BIO_ctrl_pending(out_);
  if (waiting == 0) return;
  const std::size_t at = out.size();
  out.resize(at + waiting);
  BIO_read(out_, out.data() + at, static_cast<int>(waiting));
}

}  // namespace wirelab::live
