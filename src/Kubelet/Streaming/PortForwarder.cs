using System.Net.Sockets;

namespace Dataplane.Kubelet.Streaming;

/// <summary>Carries one client's connection to a port of a pod.</summary>
internal sealed class PortForwarder(PodDialer dialer, string pod, string uid)
{
    private const int BufferSize = 32 * 1024;

    /// <summary>Copies both ways until the pod has ended its side or the client is gone.</summary>
    /// <param name="port">Of the pod.</param>
    /// <param name="client">What the client sends and receives. Its end of input is passed on; the pod may then still send.</param>
    /// <param name="cancellation">The session's end.</param>
    /// <returns>What to tell the client; null when there is nothing to say: an end is none, even a sudden one.</returns>
    internal async Task<string?> ForwardAsync(int port, Stream client, CancellationToken cancellation)
    {
        Socket socket;
        try
        {
            socket = await dialer.DialAsync(port, cancellation);
        }
        catch (IOException refusal)
        {
            return $"error forwarding port {port} to pod {pod}, uid {uid}: {refusal.Message}";
        }

        using (socket)
        using (var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        {
            var up = UpAsync(client, socket, ending.Token);
            var down = DownAsync(socket, client, ending.Token);
            if (await Task.WhenAny(up, down) == up && up.IsCompletedSuccessfully)
            {
                await Task.WhenAny(down);
            }

            await ending.CancelAsync();
            await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return null;
        }
    }

    private static async Task UpAsync(Stream client, Socket socket, CancellationToken cancellation)
    {
        var buffer = new byte[BufferSize];
        while (await client.ReadAsync(buffer, cancellation) is var count and > 0)
        {
            for (var sent = 0; sent < count;)
            {
                sent += await socket.SendAsync(buffer.AsMemory(sent, count - sent), cancellation);
            }
        }

        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task DownAsync(Socket socket, Stream client, CancellationToken cancellation)
    {
        var buffer = new byte[BufferSize];
        while (await socket.ReceiveAsync(buffer, cancellation) is var count and > 0)
        {
            await client.WriteAsync(buffer.AsMemory(0, count), cancellation);
        }
    }
}
