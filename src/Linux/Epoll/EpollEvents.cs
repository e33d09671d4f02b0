namespace Dataplane.Linux.Epoll;

/// <summary>Readiness of a file descriptor. Values: sys/epoll.h.</summary>
[Flags]
public enum EpollEvents : uint
{
    None = 0,
    In = 0x001,
    Out = 0x004,

    /// <summary>Always reported, asked for or not.</summary>
    Error = 0x008,

    /// <summary>Both directions are shut. Always reported, asked for or not.</summary>
    HangUp = 0x010,
}
