#include "lab/script/tls_options.hpp"

#include <fmt/format.h>

namespace wirelab::script {
namespace {

// Who signs certificates, and is trusted, where a script says nothing else.
constexpr const char* kAuthority = "Wirelab CA";
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLongest = 79LL * 365 * 86'400;  // from 1970 on; from 2050 on dates are written otherwise
constexpr std::size_t kLongestName = 64;                // RFC 5280, ub-common-name

// Whether TLS is wanted; then its table, or nothing, is at the top of the stack.
bool push_wanted(lua_State* L, Options& options, const std::string& where) {
  if (!options.push("tls")) return false;
  if (lua_isboolean(L, -1)) {
    const bool wanted = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    if (wanted) lua_pushnil(L);
    return wanted;
  }
  if (!lua_istable(L, -1)) raise(L, fmt::format("option \"tls\" of {} must be true or a table of options", where));
  return true;
}

tls::Speed read_speed(Options& options) {
  return options.choice("processor", {"computer", "esp32"}).value_or("computer") == "esp32" ? tls::kEsp32
                                                                                            : tls::kComputer;
}

std::string read_name(lua_State* L, Options& options, const char* option, const std::string& otherwise) {
  const std::string name = options.text(option).value_or(otherwise);
  if (name.empty() || name.size() > kLongestName)
    raise(L, fmt::format("option \"{}\" of tls must have 1 to {} bytes", option, kLongestName));
  return name;
}

}  // namespace

void read_server_tls(lua_State* L, Options& options, const std::string& name, Listeners& listeners) {
  const std::string where = fmt::format("broker(\"{}\")", name);
  if (!push_wanted(L, options, where)) return;
  Options given(L, lua_gettop(L), where + ", tls");
  tls::ServerSettings settings;
  wire::Certificate& certificate = settings.certificate;
  certificate.name = read_name(L, given, "name", name);
  certificate.issuer = read_name(L, given, "authority", kAuthority);
  if (certificate.issuer == "itself") certificate.issuer = certificate.name;
  certificate.key =
      given.choice("key", {"rsa", "ec"}).value_or("rsa") == "rsa" ? wire::KeyKind::rsa2048 : wire::KeyKind::p256;
  certificate.until = given.duration("expires").value_or(Duration::seconds(365 * 86'400)).ns() / kSecond;
  if (certificate.until > kLongest) raise(L, "option \"expires\" of tls must be at most 79 years");
  const std::string version = given.choice("version", {"1.2", "1.3", "both"}).value_or("both");
  settings.tls12 = version != "1.3";
  settings.tls13 = version != "1.2";
  settings.tickets = static_cast<int>(given.integer("tickets", 0, 10).value_or(settings.tickets));
  settings.speed = read_speed(given);
  listeners.plain = given.boolean("plain").value_or(true);
  given.finish();
  lua_pop(L, 1);
  listeners.tls = settings;
}

std::optional<tls::ClientSettings> read_client_tls(lua_State* L, Options& options) {
  if (!push_wanted(L, options, "mqtt()")) return std::nullopt;
  Options given(L, lua_gettop(L), "mqtt(), tls");
  tls::ClientSettings settings;
  settings.version = given.choice("version", {"1.2", "1.3"}).value_or("1.3") == "1.2" ? wire::TlsVersion::tls12
                                                                                      : wire::TlsVersion::tls13;
  settings.verify = given.boolean("verify").value_or(true);
  settings.authority = read_name(L, given, "authority", kAuthority);
  if (const auto name = given.text("name")) settings.name = *name;
  settings.resume = given.boolean("resume").value_or(false);
  settings.speed = read_speed(given);
  given.finish();
  lua_pop(L, 1);
  return settings;
}

}  // namespace wirelab::script
