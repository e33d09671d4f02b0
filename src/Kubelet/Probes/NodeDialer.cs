using System.Net;
using System.Net.Sockets;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Probes;

/// <summary>Connects from inside the node's network namespace.</summary>
/// <param name="node">Null for the process's own.</param>
internal sealed class NodeDialer(NetworkNamespace? node)
{
    /// <exception cref="DialException">Says why in upstream's words.</exception>
    internal async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellation)
    {
        try
        {
            var address = IPAddress.TryParse(host.Trim('[', ']'), out var literal)
                ? literal
                : (await Dns.GetHostAddressesAsync(host, cancellation))[0];
            var socket = node is null ? Open() : node.Invoke(Open);
            try
            {
                await socket.ConnectAsync(address, port, cancellation);
                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            Socket Open() => new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain)
        {
            throw new DialException($"dial tcp: lookup {host}: no such host", failure);
        }
        catch (SocketException failure)
        {
            throw new DialException($"dial tcp {Join(host, port)}: connect: {Spelled(failure)}", failure);
        }
    }

    /// <summary>Host and port as one text, an IPv6 address in brackets.</summary>
    internal static string Join(string host, int port) =>
        host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[') ? $"[{host}]:{port}" : $"{host}:{port}";

    /// <summary>The kernel's errors as other kubelets spell them: without a capital.</summary>
    private static string Spelled(SocketException failure) => string.Concat(failure.Message[..1].ToLowerInvariant(), failure.Message.AsSpan(1));
}

/// <summary>A connection could not be made.</summary>
internal sealed class DialException(string message, Exception inner) : IOException(message, inner);
