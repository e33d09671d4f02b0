using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Codec;
using Dataplane.Netlink.Generic;
using static Dataplane.Netlink.Uapi.IpVsHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Ipvs;

/// <summary>IPVS of one network namespace. Safe for several threads.</summary>
/// <remarks>Every method fails with <see cref="NetlinkException"/>. Source: linux/ip_vs.h, net/netfilter/ipvs/ip_vs_ctl.c.</remarks>
public sealed class IpvsConnection : IDisposable
{
    private const string FamilyName = "IPVS";
    private const int RequestLength = 256;

    private readonly NetlinkConnection _connection;
    private readonly GenericFamily _family;

    private IpvsConnection(NetlinkConnection connection)
    {
        _connection = connection;
        _family = GenericFamily.Resolve(connection, FamilyName, IPVS_GENL_VERSION);
    }

    /// <param name="networkNamespace">Whose services; null for the calling thread's. It need not stay open.</param>
    /// <exception cref="NetlinkException">ENOENT when the kernel has no IPVS.</exception>
    public static IpvsConnection Open(NetworkNamespace? networkNamespace = null)
    {
        var connection = NetlinkConnection.Open(NETLINK_GENERIC, networkNamespace, _ => GenericFamily.HeaderLength);
        try
        {
            return new IpvsConnection(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>An empty batch for this kernel.</summary>
    public IpvsBatch CreateBatch() => new(_family);

    /// <summary>Makes a batch's changes and empties it.</summary>
    /// <exception cref="NetlinkException">The first change that the kernel refused; those before and after it are made.</exception>
    public void Commit(IpvsBatch batch) => batch.Commit(_connection);

    /// <summary>All services with their counters.</summary>
    public IReadOnlyList<IpvsService> Services()
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        _family.Begin(ref writer, IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
        return _connection.Dump(writer.Message(), IpvsMessages.ParseService, "list services");
    }

    /// <summary>A service's destinations with their counters; none for a service that is not there.</summary>
    public IReadOnlyList<IpvsDestination> Destinations(IpvsServiceKey service)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        _family.Begin(ref writer, IPVS_CMD_GET_DEST, NLM_F_DUMP);
        IpvsMessages.WriteServiceKey(ref writer, service);
        return _connection.Dump(writer.Message(), message => IpvsMessages.ParseDestination(message, service.Family), "list destinations");
    }

    /// <summary>Sets time-outs of idle connections, whole seconds each; one of zero stays as it is.</summary>
    public void SetTimeouts(IpvsTimeouts timeouts)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        _family.Begin(ref writer, IPVS_CMD_SET_CONFIG, NLM_F_ACK);
        writer.U32(IPVS_CMD_ATTR_TIMEOUT_TCP, (uint)timeouts.Tcp.TotalSeconds);
        writer.U32(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, (uint)timeouts.TcpFin.TotalSeconds);
        writer.U32(IPVS_CMD_ATTR_TIMEOUT_UDP, (uint)timeouts.Udp.TotalSeconds);
        _connection.Execute(writer.Message(), "set time-outs", "of IPVS");
    }

    /// <summary>Time-outs in force.</summary>
    public IpvsTimeouts Timeouts()
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        _family.Begin(ref writer, IPVS_CMD_GET_CONFIG, NLM_F_ACK);
        var found = _connection.Find<object>(writer.Message(), 0, ParseTimeouts, "read time-outs", "of IPVS");
        return found is IpvsTimeouts timeouts ? timeouts : default;
    }

    /// <summary>Removes all services.</summary>
    public void Flush()
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        _family.Begin(ref writer, IPVS_CMD_FLUSH, NLM_F_ACK);
        _connection.Execute(writer.Message(), "flush", "IPVS");
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private static object ParseTimeouts(NetlinkMessage message)
    {
        var timeouts = default(IpvsTimeouts);
        var attributes = message.Attributes(GenericFamily.HeaderLength);
        while (attributes.Read(out var attribute))
        {
            timeouts = attribute.Type switch
            {
                IPVS_CMD_ATTR_TIMEOUT_TCP => timeouts with { Tcp = TimeSpan.FromSeconds(attribute.U32) },
                IPVS_CMD_ATTR_TIMEOUT_TCP_FIN => timeouts with { TcpFin = TimeSpan.FromSeconds(attribute.U32) },
                IPVS_CMD_ATTR_TIMEOUT_UDP => timeouts with { Udp = TimeSpan.FromSeconds(attribute.U32) },
                _ => timeouts,
            };
        }

        return timeouts;
    }
}
