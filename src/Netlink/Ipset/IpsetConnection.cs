using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Codec;
using static Dataplane.Linux.Errno;
using static Dataplane.Netlink.Uapi.IpsetHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Ipset;

/// <summary>Sets of addresses and ports of one network namespace. One thread at a time.</summary>
/// <remarks>Every method fails with <see cref="NetlinkException"/>, whose kernel text says what ipset's own error numbers, from 4096 on, mean.</remarks>
public sealed class IpsetConnection : IDisposable
{
    private const int RequestLength = 256;

    private readonly NetlinkConnection _connection;
    private readonly Dictionary<string, byte> _revisions = [];
    private byte[]? _elements;

    /// <param name="connection">Disposed with this.</param>
    internal IpsetConnection(NetlinkConnection connection) => _connection = connection;

    /// <param name="networkNamespace">Whose sets; null for the calling thread's. It need not stay open.</param>
    public static IpsetConnection Open(NetworkNamespace? networkNamespace = null) =>
        new(NetlinkConnection.Open(NETLINK_NETFILTER, networkNamespace, _ => IpsetMessages.HeaderLength));

    /// <summary>The version of the kernel's side of the protocol.</summary>
    /// <exception cref="NetlinkException">EINVAL when the kernel has no ipset.</exception>
    public int ProtocolVersion()
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        IpsetMessages.Begin(ref writer, IPSET_CMD_PROTOCOL, NLM_F_ACK, null);
        return Find(writer.Message(), IPSET_ATTR_PROTOCOL, "read protocol version", "of ipset")[0];
    }

    /// <summary>Makes a set; one that is there already must be alike.</summary>
    /// <exception cref="NetlinkException">EEXIST when a set of that name holds something else.</exception>
    public void Create(IpsetDefinition set)
    {
        var revision = Revision(set);
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        IpsetMessages.Begin(ref writer, IPSET_CMD_CREATE, NLM_F_ACK | NLM_F_CREATE, set.Name);
        IpsetMessages.WriteCreation(ref writer, set, revision);
        Execute(writer.Message(), "create set", set.Name);
    }

    /// <summary>Removes a set that no rule looks at; newer kernels say nothing when there is none.</summary>
    /// <exception cref="NetlinkException">IPSET_ERR_BUSY while a rule looks at it.</exception>
    public void Destroy(string name) => Command(IPSET_CMD_DESTROY, "destroy set", name);

    /// <summary>Empties a set.</summary>
    public void Flush(string name) => Command(IPSET_CMD_FLUSH, "flush set", name);

    /// <summary>Lets two sets of one type change their contents at once: what looked at the one looks at the other's elements now.</summary>
    public void Swap(string name, string other)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        IpsetMessages.Begin(ref writer, IPSET_CMD_SWAP, NLM_F_ACK, name);
        writer.String(IPSET_ATTR_SETNAME2, other);
        Execute(writer.Message(), "swap sets", $"{name} {other}");
    }

    /// <summary>Puts elements into a set, some hundred with each message; those that are there take a new mark.</summary>
    /// <exception cref="NetlinkException">The set is full, or takes no such elements; some may be in it.</exception>
    public void Add(string name, IReadOnlyCollection<IpsetElement> elements) => Change(IPSET_CMD_ADD, "add elements to set", name, elements);

    /// <summary>Takes elements out of a set, those that are in it.</summary>
    public void Delete(string name, IReadOnlyCollection<IpsetElement> elements) => Change(IPSET_CMD_DEL, "delete elements of set", name, elements);

    /// <summary>All sets.</summary>
    public IReadOnlyList<IpsetInfo> Sets()
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        IpsetMessages.Begin(ref writer, IPSET_CMD_LIST, NLM_F_DUMP, null);
        writer.U32BigEndian(IPSET_ATTR_FLAGS | NLA_F_NET_BYTEORDER, IPSET_FLAG_LIST_HEADER);
        return _connection.Dump(writer.Message(), IpsetMessages.ParseInfo, "list sets");
    }

    /// <summary>A set's elements.</summary>
    public IReadOnlyList<IpsetElement> Elements(string name)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        IpsetMessages.Begin(ref writer, IPSET_CMD_LIST, NLM_F_DUMP, name);
        return [.. _connection.Dump(writer.Message(), IpsetMessages.ParseElements, "list set " + name).SelectMany(part => part)];
    }

    /// <summary>The number by which rules name a set: the same for as long as the set is there.</summary>
    public ushort Index(string name)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        IpsetMessages.Begin(ref writer, IPSET_CMD_GET_BYNAME, NLM_F_ACK, name);
        var value = Find(writer.Message(), IPSET_ATTR_INDEX, "find set", name);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(value);
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private void Change(int command, string verb, string name, IReadOnlyCollection<IpsetElement> elements)
    {
        // An attribute's length is 16 bits, and so are the messages cut; the buffer has room beside it for what names the set.
        _elements ??= new byte[ushort.MaxValue + RequestLength];
        foreach (var part in elements.Chunk(IpsetMessages.MostElements))
        {
            var writer = new NetlinkWriter(_elements);
            IpsetMessages.Begin(ref writer, command, NLM_F_ACK, name);
            IpsetMessages.WriteElements(ref writer, part);
            Execute(writer.Message(), verb, name);
        }
    }

    private void Command(int command, string operation, string name)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        IpsetMessages.Begin(ref writer, command, NLM_F_ACK, name);
        Execute(writer.Message(), operation, name);
    }

    // A type's newest revision: the kernel takes no other number than one it has.
    private byte Revision(IpsetDefinition set)
    {
        if (!_revisions.TryGetValue(set.TypeName, out var revision))
        {
            var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
            IpsetMessages.Begin(ref writer, IPSET_CMD_TYPE, NLM_F_ACK, null);
            writer.String(IPSET_ATTR_TYPENAME, set.TypeName);
            writer.U8(IPSET_ATTR_FAMILY, IpsetMessages.Family(set.Family));
            revision = Find(writer.Message(), IPSET_ATTR_REVISION, "find set type", set.TypeName)[0];
            _revisions.Add(set.TypeName, revision);
        }

        return revision;
    }

    private void Execute(Span<byte> request, string operation, string subject)
    {
        try
        {
            _connection.Execute(request, operation, subject);
        }
        catch (NetlinkException refused) when (Meaning(refused.Errno) is { } text)
        {
            throw new NetlinkException(refused.Operation, refused.Errno, text, refused.OffendingAttribute);
        }
    }

    private byte[] Find(Span<byte> request, int attribute, string operation, string subject)
    {
        try
        {
            return _connection.Ask(request, message => Attribute(message, attribute), operation, subject);
        }
        catch (NetlinkException refused) when (Meaning(refused.Errno) is { } text)
        {
            throw new NetlinkException(refused.Operation, refused.Errno, text);
        }
    }

    private static byte[]? Attribute(NetlinkMessage message, int type)
    {
        var attributes = message.Attributes(IpsetMessages.HeaderLength);
        while (attributes.Read(out var attribute))
        {
            if (attribute.Type == type)
            {
                return attribute.Value.ToArray();
            }
        }

        return null;
    }

    private static string? Meaning(int errno) => errno switch
    {
        EINVAL => "the kernel has no ipset, or not this request",
        IPSET_ERR_FIND_TYPE => "the kernel does not have this type of set",
        IPSET_ERR_MAX_SETS => "the kernel takes no more sets",
        IPSET_ERR_BUSY => "rules look at the set",
        IPSET_ERR_TYPE_MISMATCH => "the sets are of different types",
        IPSET_ERR_REFERENCED => "other sets name the set",
        IPSET_ERR_TYPE_SPECIFIC => "the set is full",
        >= IPSET_ERR_PRIVATE => "ipset's own error, see linux/netfilter/ipset/ip_set.h",
        _ => null,
    };
}
