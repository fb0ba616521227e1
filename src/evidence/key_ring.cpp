#include "evidence/key_ring.h"

#include <fmt/chrono.h>

namespace mailvigil::evidence {

namespace {

std::string log_path(const Layout& layout) {
    return layout.keys() + "/log.key";
}

std::string epoch_path(const Layout& layout) {
    return layout.keys() + "/epoch.key";
}

std::string next_path(const Layout& layout) {
    return layout.keys() + "/next.key";
}

/// Two lines: the key and the day it signs for.
std::string render_private(const EpochKey& key) {
    return fmt::format("{}\n{:%F}\n",
                       key.key.render_private(),
                       fmt::gmtime(std::chrono::system_clock::to_time_t(key.since)));
}

Result<EpochKey> parse_epoch(std::string_view text, const std::string& path) {
    const std::size_t line = text.find('\n');
    const auto day = line == std::string_view::npos || !text.ends_with('\n')
                         ? std::nullopt
                         : parse_timestamp(text.substr(line + 1, text.size() - line - 2));
    auto key = SignerKey::parse(text.substr(0, line));
    if (!day || !key) {
        return fail(ErrorCode::malformed, fmt::format("{}: no signing key of an epoch", path));
    }
    return EpochKey{std::move(*key), day_of(*day)};
}

}  // namespace

Result<KeyRing> KeyRing::create(Disk& disk,
                                const Layout& layout,
                                std::string_view origin,
                                Day today) {
    KeyRing ring(disk, layout);
    ring.log_ = TRY(SignerKey::generate(origin, KeyType::ed25519));
    ring.epoch_ = EpochKey{TRY(SignerKey::generate(origin, KeyType::ed25519)), today};
    TRY(replace_file(disk, layout.keys(), log_path(layout), ring.log_->render_private() + "\n"));
    TRY(ring.write(epoch_path(layout), *ring.epoch_));
    return ring;
}

Result<void> KeyRing::read() {
    const std::string log = TRY(disk_->read(log_path(layout_)));
    auto log_key = SignerKey::parse(std::string_view(log).substr(0, log.find('\n')));
    if (!log_key) {
        return fail(ErrorCode::malformed, fmt::format("{}: no signing key", log_path(layout_)));
    }
    log_ = std::move(*log_key);
    if (disk_->exists(next_path(layout_))) {
        const std::string next = TRY(disk_->read(next_path(layout_)));
        next_ = TRY(parse_epoch(next, next_path(layout_)));
    }
    // A crash after the old key was erased and before the new one took its name.
    if (!disk_->exists(epoch_path(layout_)) && next_) {
        return finish_rotation();
    }
    auto epoch = parse_epoch(TRY(disk_->read(epoch_path(layout_))), epoch_path(layout_));
    // A crash within the erasure leaves zeros; the next key was sealed before that began.
    if (!epoch && next_) {
        return finish_rotation();
    }
    epoch_ = TRY(std::move(epoch));
    return {};
}

Result<void> KeyRing::write(const std::string& path, const EpochKey& key) {
    return replace_file(*disk_, layout_.keys(), path, render_private(key));
}

Result<VerifierKey> KeyRing::prepare_rotation(Day today) {
    next_ = EpochKey{TRY(SignerKey::generate(log_->verifier().name, KeyType::ed25519)), today};
    TRY(write(next_path(layout_), *next_));
    return next_->key.verifier();
}

Result<void> KeyRing::finish_rotation() {
    if (disk_->exists(epoch_path(layout_))) {
        TRY(disk_->erase(epoch_path(layout_)));
    }
    TRY(disk_->rename(next_path(layout_), epoch_path(layout_)));
    TRY(disk_->sync_folder(layout_.keys()));
    epoch_ = std::move(next_);
    next_.reset();
    return {};
}

Result<void> KeyRing::drop_next() {
    next_.reset();
    return disk_->erase(next_path(layout_));
}

}  // namespace mailvigil::evidence
