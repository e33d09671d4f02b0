using System.Net.Sockets;
using System.Text;
using Dataplane.TestKit;

namespace Dataplane.Proxy.Tests.Userspace;

/// <summary>A TCP server in a pod that says its name first, then sends back all it gets, then ends its side when the client has ended.</summary>
internal sealed class PodServer : IDisposable
{
    private readonly Socket _listener;

    internal PodServer(TestHost pod, string address, int port, string name)
    {
        _listener = pod.Listen(address, port);
        new Thread(() => AcceptAll(name)) { IsBackground = true, Name = $"pod {name}" }.Start();
    }

    public void Dispose() => _listener.Dispose();

    private void AcceptAll(string name)
    {
        while (true)
        {
            try
            {
                var client = _listener.Accept();
                new Thread(() => Echo(client, name)) { IsBackground = true }.Start();
            }
            catch (SocketException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static void Echo(Socket client, string name)
    {
        using (client)
        {
            try
            {
                client.Send(Encoding.ASCII.GetBytes(name + "\n"));
                var buffer = new byte[64 * 1024];
                for (int count; (count = client.Receive(buffer)) > 0;)
                {
                    for (var sent = 0; sent < count;)
                    {
                        sent += client.Send(buffer.AsSpan(sent, count - sent));
                    }
                }

                client.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // The client reset the connection: what some tests are about.
            }
        }
    }
}
