using Google.Protobuf;

namespace Dataplane.ControlPlane.Store.Etcd;

/// <summary>Between the store's keys, which begin with /registry, and etcd's, which begin with --etcd-prefix.</summary>
internal sealed class EtcdKeys(string prefix)
{
    private const string Registry = "/registry";

    private readonly string _prefix = "/" + prefix.Trim('/');

    /// <summary>A key nothing lies under.</summary>
    public static readonly ByteString Nothing = ByteString.CopyFromUtf8("compact_rev_key/none");

    /// <summary>First key of all objects, and the first one after them.</summary>
    public (ByteString From, ByteString To) All => (ByteString.CopyFromUtf8(_prefix + "/"), ByteString.CopyFromUtf8(_prefix + "0"));

    public ByteString ToEtcd(string key) => ByteString.CopyFromUtf8(string.Concat(_prefix, key.AsSpan(Registry.Length)));

    /// <returns>Null for a key of something else.</returns>
    public string? FromEtcd(ByteString key)
    {
        var text = key.ToStringUtf8();
        return text.StartsWith(_prefix + "/", StringComparison.Ordinal) ? string.Concat(Registry, text.AsSpan(_prefix.Length)) : null;
    }
}
