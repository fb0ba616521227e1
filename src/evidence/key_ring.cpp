#include "evidence/key_ring.h"

#include <fmt/chrono.h>

#include "evidence/secret.h"

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

/// A line behind a key; in one piece of memory, so that no copy of the key stays behind.
SecretText with_line(std::string&& key, std::string_view line) {
    const SecretText secret(std::move(key));
    std::string text;
    text.reserve(secret.view().size() + line.size() + 2);
    text.append(secret.view()).append("\n").append(line);
    return SecretText(std::move(text));
}

/// Two lines: the key and the day it signs for.
SecretText render_private(const EpochKey& key) {
    const std::string day =
        fmt::format("{:%F}\n", fmt::gmtime(std::chrono::system_clock::to_time_t(key.since)));
    return with_line(key.key.render_private(), day);
}

Result<SecretText> read_private(Disk& disk, const std::string& path) {
    return SecretText(TRY(read_whole(disk, path, kKeyFileBytesMax)));
}

/// A crash within the writing of a key leaves a draft that holds a private key.
Result<void> erase_drafts(Disk& disk, const Layout& layout) {
    for (const std::string& name : TRY(disk.list(layout.keys()))) {
        if (name.ends_with(".new")) {
            TRY(disk.erase(layout.keys() + "/" + name));
        }
    }
    return {};
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
    TRY(erase_drafts(disk, layout));
    ring.log_ = TRY(SignerKey::generate(origin, KeyType::ed25519));
    SignerKey epoch = TRY(SignerKey::generate(origin, KeyType::ed25519));
    ring.epoch_ = EpochKey{std::move(epoch), today};
    const SecretText log = with_line(ring.log_->render_private(), "");
    TRY(replace_file(disk, layout.keys(), log_path(layout), log.view()));
    TRY(ring.write(epoch_path(layout), *ring.epoch_));
    return ring;
}

Result<void> KeyRing::read() {
    TRY(erase_drafts(*disk_, layout_));
    const SecretText log = TRY(read_private(*disk_, log_path(layout_)));
    auto log_key = SignerKey::parse(log.view().substr(0, log.view().find('\n')));
    if (!log_key) {
        return fail(ErrorCode::malformed, fmt::format("{}: no signing key", log_path(layout_)));
    }
    log_ = std::move(*log_key);
    if (disk_->exists(next_path(layout_))) {
        const SecretText text = TRY(read_private(*disk_, next_path(layout_)));
        auto next = parse_epoch(text.view(), next_path(layout_));
        // A crash within its erasure leaves zeros: it was never sealed.
        if (!next && disk_->exists(epoch_path(layout_))) {
            TRY(disk_->erase(next_path(layout_)));
        } else {
            next_ = TRY(std::move(next));
        }
    }
    // A crash after the old key was erased and before the new one took its name.
    if (!disk_->exists(epoch_path(layout_)) && next_) {
        return finish_rotation();
    }
    const SecretText text = TRY(read_private(*disk_, epoch_path(layout_)));
    auto epoch = parse_epoch(text.view(), epoch_path(layout_));
    // A crash within the erasure leaves zeros; the next key was sealed before that began.
    if (!epoch && next_) {
        return finish_rotation();
    }
    epoch_ = TRY(std::move(epoch));
    return {};
}

Result<void> KeyRing::write(const std::string& path, const EpochKey& key) {
    return replace_file(*disk_, layout_.keys(), path, render_private(key).view());
}

Result<VerifierKey> KeyRing::prepare_rotation(Day today) {
    SignerKey next = TRY(SignerKey::generate(log_->verifier().name, KeyType::ed25519));
    next_ = EpochKey{std::move(next), today};
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
