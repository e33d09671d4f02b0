namespace Dataplane.Linux.Epoll;

/// <summary>Readiness of a file descriptor. Values: sys/epoll.h.</summary>
[Flags]
public enum EpollEvents : uint
{
    None = 0,
    In = 0x001,
    Priority = 0x002,
    Out = 0x004,

    /// <summary>Always reported, asked for or not.</summary>
    Error = 0x008,

    /// <summary>Both directions are shut. Always reported, asked for or not.</summary>
    HangUp = 0x010,

    /// <summary>The peer sends no more.</summary>
    ReadHangUp = 0x2000,

    /// <summary>Asks to be told of changes only.</summary>
    EdgeTriggered = 1U << 31,
}
