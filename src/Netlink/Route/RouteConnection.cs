using Dataplane.Linux.Namespaces;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Route;

/// <summary>
/// rtnetlink of one network namespace: devices, addresses, routes, rules, neighbours. One request each, waited for. Safe for several threads.
/// </summary>
/// <remarks>Every method fails with <see cref="NetlinkException"/>. Source: rtnetlink(7), linux/rtnetlink.h, linux/if_link.h.</remarks>
public sealed partial class RouteConnection : IDisposable
{
    /// <summary>No request here is longer: two names, a few addresses.</summary>
    private const int RequestLength = 512;

    private readonly NetlinkConnection _connection;

    /// <param name="connection">Disposed with this.</param>
    internal RouteConnection(NetlinkConnection connection) => _connection = connection;

    /// <param name="networkNamespace">Whose devices and routes; null for the calling thread's. It need not stay open.</param>
    public static RouteConnection Open(NetworkNamespace? networkNamespace = null) =>
        new(NetlinkConnection.Open(NETLINK_ROUTE, networkNamespace, RouteHeaders.LengthOf));

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();
}
