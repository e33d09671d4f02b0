using System.Globalization;

namespace Dataplane.Api.Client;

/// <summary>Which version of which object: what tells news from what is known. Small, since there are informers that keep nothing else.</summary>
public readonly record struct ObjectVersion
{
    // A uid is a UUID and a version a number wherever an API server gave them (KEP-5504); other texts are compared as they are.
    private readonly Guid _uid;
    private readonly ulong _version;
    private readonly string? _otherUid;
    private readonly string? _otherVersion;

    private ObjectVersion(ObjectMeta metadata)
    {
        _otherUid = Guid.TryParseExact(metadata.UID, "D", out _uid) ? null : metadata.UID;
        _otherVersion = ulong.TryParse(metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out _version) ? null : metadata.ResourceVersion;
    }

    /// <summary>An object's.</summary>
    public static ObjectVersion Of(ObjectMeta metadata) => new(metadata);

    /// <summary>Whether both are of one object; a name that came back with another uid is another object.</summary>
    public bool IsSameObject(ObjectVersion other) => _uid == other._uid && _otherUid == other._otherUid;

    /// <summary>Versions of one object are numbers that grow; of anything else nothing is older.</summary>
    public bool IsOlderThan(ObjectVersion other) => IsSameObject(other) && _otherVersion is null && other._otherVersion is null && _version < other._version;

    /// <inheritdoc/>
    public override string ToString() => _otherVersion ?? _version.ToString(CultureInfo.InvariantCulture);
}
