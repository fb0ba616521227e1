#include "detect/analytic/mail_collection/destination.h"

#include <algorithm>

namespace mailvigil::detect::analytic::collection {

namespace {

/// The host of a URL, of user@host:path, of host:port or of a bare name.
std::string_view host_of(std::string_view destination) {
    if (const std::size_t scheme = destination.find("://"); scheme != std::string_view::npos) {
        destination.remove_prefix(scheme + 3);
        destination = destination.substr(0, destination.find_first_of("/?#"));
    }
    if (const std::size_t at = destination.rfind('@'); at != std::string_view::npos) {
        destination.remove_prefix(at + 1);
    }
    if (destination.starts_with('[')) {
        return destination.substr(1, destination.find(']') - 1);
    }
    const bool bare_v6 = std::ranges::count(destination, ':') > 1;
    return bare_v6 ? destination : destination.substr(0, destination.find_first_of(":/"));
}

bool is_internal_domain(std::string_view domain, const Settings& settings) {
    return std::ranges::any_of(settings.internal_domains, [&](const std::string& own) {
        return domain == own || (domain.size() > own.size() && domain.ends_with(own) &&
                                 domain[domain.size() - own.size() - 1] == '.');
    });
}

bool all_recipients_local(std::string_view recipients, const Settings& settings) {
    bool any = false;
    while (!recipients.empty()) {
        const std::size_t end = recipients.find_first_of(", ;");
        const std::string_view recipient = recipients.substr(0, end);
        recipients.remove_prefix(end == std::string_view::npos ? recipients.size() : end + 1);
        if (recipient.empty()) {
            continue;
        }
        any = true;
        const std::size_t at = recipient.rfind('@');
        if (at != std::string_view::npos &&
            !is_internal_domain(recipient.substr(at + 1), settings)) {
            return false;
        }
    }
    return any;
}

}  // namespace

bool stays_here(const IpAddress& address, const Settings& settings) {
    return address.is_loopback() || address.is_unspecified() ||
           std::ranges::any_of(settings.internal_networks,
                               [&](const Network& network) { return network.contains(address); });
}

bool stays_here(const CommandUse& use, const Settings& settings) {
    if (use.destination.empty()) {
        return false;
    }
    if (use.act == Act::submit) {
        return all_recipients_local(use.destination, settings);
    }
    const std::string_view host = host_of(use.destination);
    if (const auto address = parse_address(host)) {
        return stays_here(*address, settings);
    }
    return host == "localhost" || is_internal_domain(host, settings);
}

}  // namespace mailvigil::detect::analytic::collection
