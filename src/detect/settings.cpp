#include "detect/settings.h"

namespace mailvigil::detect {

bool ChangeWindow::contains(Timestamp time) const {
    using std::chrono::days;
    const auto day = std::chrono::floor<days>(time);
    const Duration clock = time - day;
    const unsigned weekday = std::chrono::weekday(day).c_encoding();
    const auto on = [&](unsigned which) { return ((weekdays >> which) & 1U) != 0; };
    if (from <= until) {
        return on(weekday) && clock >= from && clock < until;
    }
    return (on(weekday) && clock >= from) || (on((weekday + 6) % 7) && clock < until);
}

}  // namespace mailvigil::detect
