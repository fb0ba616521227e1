#include "detect/settings_in_force.h"

#include <fmt/format.h>

#include "detect/analytic.h"

namespace mailvigil::detect {

namespace {

std::string changes(const NameList& list) {
    std::string text;
    if (!list.add.empty()) {
        text += fmt::format(", added {}", fmt::join(list.add, " "));
    }
    if (!list.remove.empty()) {
        text += fmt::format(", removed {}", fmt::join(list.remove, " "));
    }
    return text;
}

std::string value_of(const Knowledge& knowledge, std::string_view name) {
    const Settings& settings = knowledge.settings;
    if (name == "WatchedMailDirs") {
        NameList list;
        for (const mail::StoreEntry& entry : settings.watched_mail_dirs.add) {
            list.add.push_back(entry.path);
        }
        list.remove = settings.watched_mail_dirs.remove;
        return fmt::format("{} patterns{}", knowledge.stores.size(), changes(list));
    }
    if (name == "ProcessNameList") {
        return fmt::format(
            "{} tools{}", knowledge.commands.names().size(), changes(settings.process_name_list));
    }
    if (name == "TimeWindow") {
        return render_duration(settings.time_window);
    }
    if (name == "MailTransportScriptPath") {
        return fmt::format("{} folders{}",
                           knowledge.configuration.transport_script_paths().size(),
                           changes({settings.mail_transport_script_path.add,
                                    settings.mail_transport_script_path.remove}));
    }
    if (name == "UserContext") {
        return fmt::format(
            "{} accounts{}", knowledge.execution.accounts.size(), changes(settings.user_context));
    }
    if (name == "ExecFrequencyThreshold") {
        return fmt::format("{}", settings.exec_frequency_threshold);
    }
    return {};
}

}  // namespace

std::vector<std::string> settings_in_force(const Knowledge& knowledge,
                                           std::span<const std::string_view> names) {
    std::vector<std::string> texts;
    for (const std::string_view name : names) {
        texts.push_back(fmt::format("{} {}", name, value_of(knowledge, name)));
    }
    return texts;
}

}  // namespace mailvigil::detect
