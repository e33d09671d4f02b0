using Dataplane.Linux.Interop;

namespace Dataplane.Linux.TransparentSockets;

/// <summary>A listening TCP socket, where wished one of several on the same port (SO_REUSEPORT): the kernel spreads connections over them.</summary>
public sealed class StreamListener : InetSocket
{
    private StreamListener()
    {
    }

    /// <summary>
    /// Listens in the network namespace of the calling thread. Accepted sockets inherit no-delay and keep-alive from here
    /// (tcp(7)), which saves a system call per connection.
    /// </summary>
    /// <param name="local">Port 0 chooses one; further listeners then name it.</param>
    /// <param name="shared">Whether others may listen on the same port; all of them have to agree to it.</param>
    /// <exception cref="LinuxException">EADDRINUSE, EMFILE, EAFNOSUPPORT.</exception>
    public static StreamListener Open(InetEndPoint local, bool shared)
    {
        var listener = new StreamListener();
        try
        {
            var opened = listener.Adopt(Libc.OpenInetSocket(
                InetFamily.Of(local.IsIPv6), InetFamily.SOCK_STREAM | InetFamily.Flags, 0));
            if (opened < 0)
            {
                throw new LinuxException($"socket for {local}", -opened);
            }

            listener.RequireOption(Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1, "SO_REUSEADDR");
            if (local.IsIPv6)
            {
                listener.RequireOption(Libc.SOL_IPV6, Libc.IPV6_V6ONLY, 1, "IPV6_V6ONLY");
            }

            listener.RequireOption(Libc.SOL_TCP, Libc.TCP_NODELAY, 1, "TCP_NODELAY");
            StreamSocket.ProbeWhenIdle(listener);
            listener.BindShared(local, shared);
            LinuxException.Check(Libc.listen(listener, Libc.SOMAXCONN), $"listen {local}");
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }
}
