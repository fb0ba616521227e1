// Sendmail's queue (op(1), "Queued Messages"): df<id> the body, qf<id> envelope and headers, hf<id>
// the same in quarantine; xf, tf and nf are written aside. Queue groups are directories between.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

/// A queue id starts with letters and digits of the time: no directory of a queue group (q1, qd5,
/// df, xf) is that long.
constexpr std::size_t kNameBytesMin = 10;

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const std::string_view name = split_last(rest).tail;
    if (directory || name.size() < kNameBytesMin) {
        return PlaceInStore{ObjectKind::directory, {}};
    }
    const std::string_view letters = name.substr(0, 2);
    if (letters == "df" || letters == "qf" || letters == "hf" || letters == "Qf" ||
        letters == "lf") {
        return PlaceInStore{ObjectKind::content, {}};
    }
    if (letters == "xf" || letters == "tf" || letters == "nf") {
        return PlaceInStore{ObjectKind::transient, {}};
    }
    return PlaceInStore{ObjectKind::control, {}};
}

}  // namespace

extern const StoreFormat sendmail_queue{
    .name = "sendmail_queue", .summary = "Sendmail queue: df, qf and hf files", .locate = locate};

}  // namespace mailvigil::mail::store
