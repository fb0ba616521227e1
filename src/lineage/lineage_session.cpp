// Sessions of a Lineage: what LOGIN, PAM and sudo say.
#include <algorithm>

#include "base/path_map.h"
#include "lineage/lineage.h"

namespace mailvigil::lineage {

namespace {

Entrance entrance_of(std::string_view program) {
    const std::string_view name = base_name(program);
    if (name.starts_with("sshd")) {
        return Entrance::ssh;
    }
    if (name == "cron" || name == "crond" || name == "atd" || name == "anacron" ||
        name == "fcron") {
        return Entrance::cron;
    }
    if (name == "login" || name.starts_with("gdm") || name.starts_with("sddm") ||
        name.starts_with("lightdm")) {
        return Entrance::console;
    }
    return name.starts_with("systemd") || name.starts_with("(systemd") ? Entrance::service
                                                                       : Entrance::other;
}

}  // namespace

// A sixteenth goes at once, so that the search for the least recent ones is paid once for many
// logins. Ordered by (seen, id): the same ones go whatever the order of the table.
void Lineage::evict_sessions() {
    std::vector<std::pair<Timestamp, std::uint32_t>> by_age;
    by_age.reserve(sessions_.size());
    for (const auto& [id, session] : sessions_) {
        by_age.emplace_back(session.seen, id);
    }
    const auto last = by_age.begin() + kSessionsMax / 16;
    std::ranges::nth_element(by_age, last);
    for (auto at = by_age.begin(); at != last; ++at) {
        sessions_.erase(at->second);
    }
    counts_.sessions_evicted += kSessionsMax / 16;
}

Session& Lineage::session_of(SessionId id, Timestamp time) {
    const auto known = sessions_.find(id.value);
    if (known != sessions_.end()) {
        known->second.seen = time;
        return known->second;
    }
    if (sessions_.size() == kSessionsMax) {
        evict_sessions();
    }
    Session& session = sessions_[id.value];
    session.id = id;
    session.start = session.seen = time;
    return session;
}

void Lineage::take_session(const Event& event, Process* process) {
    if (!event.has(Field::session_id)) {
        return;
    }
    Session& session =
        session_of(SessionId{static_cast<std::uint32_t>(event.session_id())}, event.time);
    if (event.has(Field::login_user_id)) {
        session.login_user = static_cast<std::uint32_t>(event.login_user_id());
        session.login_name = user_name(session.login_user);
    }
    const std::string_view action = event.event_action();
    if (action == "LOGIN") {
        // Session ids start over at boot: a new LOGIN is a new session.
        const std::uint32_t login_user = session.login_user;
        const std::string login_name = session.login_name;
        session = {};
        session.id = SessionId{static_cast<std::uint32_t>(event.session_id())};
        session.login_user = login_user;
        session.login_name = login_name;
        session.start = session.seen = event.time;
        session.start_event.assign(event.event_id());
        if (process != nullptr) {
            session.entrance_program = process->executable;
            session.entrance = entrance_of(process->executable);
        }
        return;
    }
    const bool opens = action == "USER_START" || action == "USER_LOGIN" || action == "USER_CMD";
    if (!opens || event.event_outcome() == "failure") {
        return;
    }
    const std::string_view program = event.process_executable();
    const std::string_view name = base_name(program);
    if (name == "sudo" || name == "su" || name == "runuser" || name == "pkexec" || name == "doas") {
        session.elevated = event.time;
        session.elevated_with.assign(name);
        return;
    }
    session.entrance_program.assign(program);
    session.entrance = entrance_of(program);
    if (event.has(Field::source_ip)) {
        session.from = event.source_ip();
    }
    if (event.has(Field::session_terminal)) {
        session.terminal.assign(event.session_terminal());
    }
}

}  // namespace mailvigil::lineage
