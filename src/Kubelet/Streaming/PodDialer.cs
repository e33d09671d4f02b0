using System.Net;
using System.Net.Sockets;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Streaming;

/// <summary>Connects to ports of a pod from inside it, so that programs that listen on its loopback only are reached too.</summary>
/// <param name="network">The pod's network namespace; null for the process's own.</param>
internal sealed class PodDialer(NetworkNamespace? network)
{
    /// <exception cref="IOException">Nobody listens, in the words of upstream's runtimes.</exception>
    internal async Task<Socket> DialAsync(int port, CancellationToken cancellation)
    {
        var problems = new List<string>();
        foreach (var address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            var endPoint = new IPEndPoint(address, port);
            try
            {
                return await DialAsync(endPoint, cancellation);
            }
            catch (SocketException refusal)
            {
                var protocol = address.AddressFamily == AddressFamily.InterNetwork ? "tcp4" : "tcp6";
                problems.Add($"dial {protocol} {endPoint}: connect: {refusal.Message.ToLowerInvariant()}");
            }
            catch (ObjectDisposedException gone)
            {
                throw new IOException($"network namespace \"{network?.Name}\" is closed", gone);
            }
        }

        var name = network is null ? "host" : Path.Combine(NetworkNamespace.Directory, network.Name);
        throw new IOException($"failed to connect to localhost:{port} inside namespace \"{name}\", IPv4: {problems[0]} IPv6 {problems[1]}");
    }

    private async Task<Socket> DialAsync(IPEndPoint endPoint, CancellationToken cancellation)
    {
        // A socket keeps the namespace it was made in.
        var socket = network is null ? NewSocket() : network.Invoke(NewSocket);
        try
        {
            await socket.ConnectAsync(endPoint, cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        Socket NewSocket() => new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    }
}
