// Passwords as mosquitto_passwd keeps them: "$7$ITERATIONS$SALT$HASH" (PBKDF2 with HMAC-SHA-512) and "$6$SALT$HASH" (SHA-512 over
// password and salt), salt and hash in base 64.
#pragma once

#include <string_view>

namespace wirelab::live {

/// Whether `given` is the password that was kept. False for what is kept in another form.
bool verify_password(std::string_view kept, std::string_view given);
/// Whether a kept password is of a form that verify_password() knows.
bool is_kept_password(std::string_view kept);

}  // namespace wirelab::live
