using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.TransparentSockets;

/// <summary>
/// A non-blocking Internet socket as a handle that can be opened again after <see cref="CloseSocket"/>, so that a pool of
/// connections allocates nothing per connection. Used by one thread at a time; the finalizer closes what a lost pool left open.
/// </summary>
public abstract class InetSocket : SafeHandle
{
    private protected InetSocket()
        : base(-1, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>The address the socket is bound to.</summary>
    /// <exception cref="LinuxException">EBADF when it is not open.</exception>
    public InetEndPoint LocalEndPoint
    {
        get
        {
            Span<byte> address = stackalloc byte[InetEndPoint.MaxSocketAddressSize];
            var length = address.Length;
            LinuxException.Check(Libc.GetInetSocketName(this, ref address[0], ref length), "getsockname");
            return InetEndPoint.ReadSocketAddress(address);
        }
    }

    /// <summary>Gives all its packets a mark, as netfilter and policy routing see it.</summary>
    /// <returns>0, or minus errno (EPERM without CAP_NET_ADMIN).</returns>
    public int Mark(uint mark) => SetOption(Libc.SOL_SOCKET, Libc.SO_MARK, (int)mark);

    /// <summary>Closes the descriptor; the object can be opened again.</summary>
    public void CloseSocket()
    {
        if (handle != -1)
        {
            _ = Libc.close((int)handle);
            SetHandle(-1);
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;

    /// <returns>0, or minus errno.</returns>
    private protected int Adopt(int descriptor)
    {
        if (descriptor < 0)
        {
            return -Marshal.GetLastPInvokeError();
        }

        SetHandle(descriptor);
        return 0;
    }

    internal int SetOption(int level, int name, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(bytes, value);
        return Libc.SetSocketOption(this, level, name, in bytes[0], sizeof(int)) < 0 ? -Marshal.GetLastPInvokeError() : 0;
    }

    private protected void RequireOption(int level, int name, int value, string what)
    {
        var result = SetOption(level, name, value);
        if (result < 0)
        {
            throw new LinuxException($"setsockopt {what}", -result);
        }
    }

    private protected void Bind(InetEndPoint local)
    {
        Span<byte> address = stackalloc byte[InetEndPoint.MaxSocketAddressSize];
        var length = local.WriteSocketAddress(address);
        LinuxException.Check(Libc.BindInet(this, in address[0], length), $"bind {local}");
    }

    // Whoever asks for any port while sharing may be given one that others share already (net/ipv4/udp.c, udp_lib_lport_inuse): the first of a group
    // is alone until it has its port.
    private protected void BindShared(InetEndPoint local, bool shared)
    {
        if (shared && local.Port != 0)
        {
            RequireOption(Libc.SOL_SOCKET, Libc.SO_REUSEPORT, 1, "SO_REUSEPORT");
        }

        Bind(local);
        if (shared && local.Port == 0)
        {
            RequireOption(Libc.SOL_SOCKET, Libc.SO_REUSEPORT, 1, "SO_REUSEPORT");
        }
    }

    private protected int ConnectTo(in InetEndPoint remote)
    {
        Span<byte> address = stackalloc byte[InetEndPoint.MaxSocketAddressSize];
        var length = remote.WriteSocketAddress(address);
        return Libc.ConnectInet(this, in address[0], length) < 0 ? -Marshal.GetLastPInvokeError() : 0;
    }
}
