// The settings that a finding of a rule was made under, as "name value" texts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mailvigil::detect {

struct Knowledge;

namespace rule_settings {

inline constexpr std::string_view kCollection[] = {
    "WatchedMailDirs", "ProcessNameList", "TimeWindow"};
inline constexpr std::string_view kTampering[] = {
    "MailTransportScriptPath", "UserContext", "ExecFrequencyThreshold", "TimeWindow"};

inline constexpr std::string_view kAll[] = {"WatchedMailDirs",
                                            "ProcessNameList",
                                            "TimeWindow",
                                            "MailTransportScriptPath",
                                            "UserContext",
                                            "ExecFrequencyThreshold"};

}  // namespace rule_settings

std::vector<std::string> settings_in_force(const Knowledge& knowledge,
                                           std::span<const std::string_view> names);

}  // namespace mailvigil::detect
