using System.Net.Sockets;
using Dataplane.ControlPlane;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Cli.Cluster;

/// <summary>Connections from where the nodes' network can be reached: the machine's own namespace has no route to pods.</summary>
internal static class FabricDialer
{
    internal static Dialer Of(NetworkNamespace networkNamespace) => async (target, cancellation) =>
    {
        var socket = networkNamespace.Invoke(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await socket.ConnectAsync(target, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    };
}
