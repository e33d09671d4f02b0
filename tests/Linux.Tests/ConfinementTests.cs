using System.Runtime.InteropServices;
using Dataplane.Linux.Capabilities;
using Dataplane.Linux.Cgroups;
using Dataplane.Linux.Seccomp;
using Dataplane.TestKit;

namespace Dataplane.Linux.Tests;

public sealed class ConfinementTests
{
    [Theory]
    [InlineData("", "", "a80425fb")]
    [InlineData("NET_ADMIN", "", "a80435fb")]
    [InlineData("cap_net_admin", "CHOWN", "a80435fa")]
    [InlineData("", "ALL", "0")]
    [InlineData("SYS_TIME", "ALL", "2000000")]
    [InlineData("ALL", "", "1ffffffffff")]
    [InlineData("ALL", "SYS_ADMIN", "1ffffdfffff")]
    public void CapabilitiesAreNamedAddedAndDropped(string add, string drop, string expected) =>
        Assert.Equal(expected, CapabilitySet.Change(CapabilitySet.Default, Words(add), Words(drop)).ToString("x", null));

    [Fact]
    public void ACapabilityThatThereIsNotIsNamed() =>
        Assert.Contains("CAP_FLY", Assert.Throws<ArgumentException>(() => CapabilitySet.Change(0, ["CAP_FLY"], [])).Message);

    /// <summary>Names and numbers against the machine's own header.</summary>
    [Fact]
    public async Task RestrictedCallsHaveTheNumbersOfTheHeader()
    {
        var isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        var header = await CConstants.ReadAsync(["sys/syscall.h"], RestrictedCalls.All.Where(call => Known(call.Name) && (isArm ? call.Arm64 : call.X64) >= 0).Select(call => "SYS_" + call.Name));
        Assert.NotEmpty(header);
        Assert.All(header, pair =>
        {
            var call = RestrictedCalls.All.Single(one => "SYS_" + one.Name == pair.Key);
            Assert.Equal((long)(isArm ? call.Arm64 : call.X64), pair.Value);
        });

        // Newer than the headers that distributions of today have.
        static bool Known(string name) => name is not ("statmount" or "listmount" or "set_mempolicy_home_node");
    }

    [Fact]
    public void TheFilterIsShortEnoughAndLongerWithFewerCapabilities()
    {
        const int most = 4096;
        var few = SeccompFilter.Build(CapabilitySet.Default).Length / SeccompFilter.InstructionSize;
        var all = SeccompFilter.Build(CapabilitySet.All).Length / SeccompFilter.InstructionSize;
        Assert.InRange(few, all + 1, most);
    }

    [Fact]
    public void LimitsAreWrittenAsBothVersionsTakeThem()
    {
        var limits = new CgroupLimits { CpuShares = 512, CpuQuota = 50_000, Memory = 1 << 20, Processes = 10 };
        Assert.Equal(
            ["cpu.shares=512", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000", "memory.limit_in_bytes=1048576", "memory.memsw.limit_in_bytes=1048576", "pids.max=10"],
            CgroupSettings.Version1(limits).Select(Text));
        Assert.Equal(
            ["cpu.weight=20", "cpu.max=50000 100000", "memory.max=1048576", "memory.swap.max=0", "pids.max=10"], CgroupSettings.Version2(limits).Select(Text));
        Assert.Equal(["cpu.shares=1024"], CgroupSettings.Version1(new CgroupLimits()).Select(Text));
        Assert.Contains("devices.deny=a", CgroupSettings.Version1(new CgroupLimits { OnlyCommonDevices = true }).Select(Text));

        static string Text(CgroupSetting setting) => $"{setting.File}={setting.Value}";
    }

    [Fact]
    public void HierarchiesAreFoundWhereTheyAreMounted()
    {
        string[] mounts =
        [
            "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct",
            "32 23 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
            "33 23 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd",
            "34 23 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
        ];
        var separate = CgroupHierarchy.Of(null, mounts);
        Assert.Equal(
            [("cpu", "/sys/fs/cgroup/cpu,cpuacct"), ("cpuacct", "/sys/fs/cgroup/cpu,cpuacct"), ("memory", "/sys/fs/cgroup/memory")],
            separate.Separate.Select(pair => (pair.Key, pair.Value)).Order());
        Assert.False(separate.RestrictsDevices);
        Assert.Equal(["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"], separate.Trees);
        Assert.Equal("/sys/fs/cgroup", CgroupHierarchy.Of("/sys/fs/cgroup", []).Unified);
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
