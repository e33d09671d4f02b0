using Dataplane.Linux.Interop;
using Dataplane.TestKit;

namespace Dataplane.Linux.Tests;

public sealed class LibcConstantTests
{
    private static readonly string[] Headers =
    [
        "sched.h", "fcntl.h", "errno.h", "signal.h", "spawn.h", "poll.h", "unistd.h", "sys/mount.h", "sys/socket.h", "sys/epoll.h", "sys/eventfd.h",
        "sys/wait.h", "sys/prctl.h", "sys/stat.h", "sys/syscall.h", "sys/resource.h", "sys/ioctl.h", "sys/uio.h", "netinet/in.h", "netinet/tcp.h", "netinet/udp.h", "netinet/icmp6.h",
        "linux/netlink.h", "linux/icmp.h", "linux/netfilter_ipv4.h", "linux/netfilter_ipv6/ip6_tables.h", "linux/capability.h", "linux/openat2.h",
    ];

    [Theory]
    [InlineData(typeof(Libc))]
    [InlineData(typeof(Errno))]
    public async Task ConstantsHaveTheValuesOfTheHeaders(Type type)
    {
        var constants = CConstants.Of(type);

        Assert.NotEmpty(constants);
        Assert.Equal(constants, await CConstants.ReadAsync(Headers, constants.Keys));
    }
}
