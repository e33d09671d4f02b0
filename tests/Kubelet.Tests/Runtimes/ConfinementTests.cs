using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Capabilities;
using Dataplane.TestKit;
using static Dataplane.Kubelet.Tests.Runtimes.RuntimeRig;

namespace Dataplane.Kubelet.Tests.Runtimes;

/// <summary>securityContext, limits and shared processes, on every runtime there is.</summary>
public abstract class ConfinementTests(RuntimeRig rig) : IAsyncLifetime
{
    private const string Status = "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\\t ' '  '";
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => rig.StartAsync();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public async Task ByDefaultAContainerHasFewCapabilitiesAndTheSeccompFilter()
    {
        var lines = await LinesAsync(Status, new ContainerSecurityPlan { Seccomp = SeccompMode.RuntimeDefault });
        Assert.Equal(["CapEff: 00000000a80425fb", "CapBnd: 00000000a80425fb", "NoNewPrivs: 0", "Seccomp: 2"], lines);
    }

    [Fact]
    public async Task CapabilitiesAreAddedAndDropped()
    {
        var lines = await LinesAsync(Status, new ContainerSecurityPlan
        {
            AddCapabilities = ["NET_ADMIN"],
            DropCapabilities = ["ALL"],
            AllowPrivilegeEscalation = false,
        });
        Assert.Equal(["CapEff: 0000000000001000", "CapBnd: 0000000000001000", "NoNewPrivs: 1", "Seccomp: 0"], lines);
    }

    [Fact]
    public async Task AUserHasItsGroupsAndNoCapabilities()
    {
        var lines = await LinesAsync("id -u; id -g; id -G; " + Status, new ContainerSecurityPlan { User = 1000, Group = 2000, SupplementalGroups = [3000, 4000] });
        Assert.Equal(["1000", "2000", "2000 3000 4000", "CapEff: 0000000000000000"], lines[..4]);
        lines = await LinesAsync("id -u; id -g; id -G; echo $HOME; echo text > /dev/stdout", new ContainerSecurityPlan { User = 33 });
        Assert.Equal(["33", "33", "33 44", "/var/www", "text"], lines);
    }

    [Theory]
    [InlineData("unshare", "chroot /work /bin/true; mount -t tmpfs none /tmp", "mount: permission denied")]
    [InlineData("root", "echo x > /file", "can't create /file: Read-only file system")]
    [InlineData("proc", "echo 1 > /proc/sys/kernel/panic", "can't create /proc/sys/kernel/panic: Read-only file system")]
    [InlineData("device", "mknod /work/disk b 254 0; head -c 1 /work/disk", "head: /work/disk: ")]
    public async Task WhatWouldReachTheMachineIsRefused(string what, string script, string problem)
    {
        var lines = await LinesAsync(script + "; true", new ContainerSecurityPlan { Seccomp = SeccompMode.RuntimeDefault, ReadOnlyRoot = what == "root" });
        Assert.Contains(lines, line => line.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task PartsOfProcAreHidden()
    {
        var lines = await LinesAsync("wc -c < /proc/timer_list; ls /sys/firmware | wc -l; wc -c < /proc/keys", new ContainerSecurityPlan());
        Assert.Equal(["0", "0", "0"], lines);
    }

    [Fact]
    public async Task APrivilegedContainerHasAllThatTheMachineHas()
    {
        if (rig.IsEngine && !ProcessCapabilities.Has(Capability.SysResource))
        {
            Assert.Skip("engines give all capabilities there are, and this machine withholds CAP_SYS_RESOURCE");
        }

        await rig.SandboxAsync(request => request with { Privileged = true });
        var lines = await LinesAsync("mount -t tmpfs none /tmp && echo mounted; [ -c /dev/kmsg ] && echo devices; " + Status, new ContainerSecurityPlan { Privileged = true });
        var own = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("CapEff:", StringComparison.Ordinal)).Split('\t')[1];
        Assert.Equal(["mounted", "devices", $"CapEff: {own}"], lines[..3]);
        Assert.Equal("Seccomp: 0", lines[^1]);
    }

    [Fact]
    public async Task WhoWantsMoreMemoryThanItsLimitIsKilled()
    {
        var container = await rig.RunAsync("dd if=/dev/zero of=/dev/null bs=200M count=1; exit $?", request => request with
        {
            Resources = new ContainerResourcePlan { Memory = 32 << 20 },
        });
        var exit = await container.Exit.WaitAsync(Patience, _cancellation);
        Assert.Equal((137, true), (exit.Code, exit.OutOfMemory));
    }

    [Fact]
    public async Task CpuAndProcessesAreLimited()
    {
        var container = await rig.RunAsync("sleep 1000", request => request with
        {
            Resources = new ContainerResourcePlan { CpuShares = 512, CpuQuota = 50_000, Memory = 64 << 20, OomScoreAdjustment = 777 },
        });
        var settings = await container.ExecuteAsync(["cat", "/proc/1/oom_score_adj"], _cancellation);
        Assert.Equal("777\n", settings.Output);
        var pid = int.Parse((await container.ExecuteAsync(["sh", "-c", "echo $$"], _cancellation)).Output, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(pid > 1);
        Assert.Equal(["50000", "512"], Limits(rig.Pod.Uid).Order());

        // More and then less again, while it runs.
        foreach (var size in new[] { 128L << 20, 96L << 20 })
        {
            await container.ResizeAsync(new ContainerResourcePlan { CpuShares = 256, CpuQuota = 70_000, Memory = size }, _cancellation);
            Assert.Equal(["256", "70000"], Limits(rig.Pod.Uid).Order());
            var groups = Directory.EnumerateDirectories($"/sys/fs/cgroup/memory/dp-pods/pod{rig.Pod.Uid}");
            Assert.Contains($"{size}", groups.Select(group => File.ReadAllText($"{group}/memory.limit_in_bytes").Trim()));
        }
    }

    [Fact]
    public async Task ContainersOfAPodMaySeeEachOthersProcesses()
    {
        await rig.SandboxAsync(request => request with { Processes = ProcessScope.Pod });
        await rig.RunAsync("sleep 4321", request => request with { Name = "other", Processes = ProcessScope.Pod });
        var lines = await LinesAsync("until ps | grep -q '[4]321'; do sleep 0.05; done; ps | grep '[4]321' | wc -l; echo $(($$ > 1))", null, request => request with { Processes = ProcessScope.Pod });
        Assert.Equal(["1", "1"], lines);
    }

    [Fact]
    public async Task AContainerMaySeeAnothersProcessesOrTheMachines()
    {
        var target = await rig.RunAsync("sleep 4322", request => request with { Name = "target" });
        var lines = await LinesAsync("ps | grep '[4]322' | wc -l", null, request => request with { Processes = ProcessScope.Target, Target = target });
        Assert.Equal(["1"], lines);
        await rig.EndPodsAsync();
        await rig.SandboxAsync(request => request with { Processes = ProcessScope.Host });
        var host = await LinesAsync($"[ -d /proc/{Environment.ProcessId} ] && cat /proc/{Environment.ProcessId}/comm", null, request => request with { Processes = ProcessScope.Host });
        Assert.Equal([File.ReadAllText("/proc/self/comm").Trim()], host);
    }

    private async Task<string[]> LinesAsync(string script, ContainerSecurityPlan? security, Func<ContainerRequest, ContainerRequest>? change = null)
    {
        var container = await rig.RunAsync(script, request => (change ?? (static one => one))(request with { Security = security ?? new ContainerSecurityPlan() }));
        await container.Exit.WaitAsync(Patience, _cancellation);
        return [.. LogLines(container).Select(line => line.Split(' ', 3)[2])];
    }

    /// <summary>Quota and shares, as version 1 of control groups shows them below the pod's.</summary>
    private static IEnumerable<string> Limits(string uid)
    {
        if (!Directory.Exists("/sys/fs/cgroup/cpu"))
        {
            Assert.Skip("control groups are of version 2 here");
        }

        var pod = $"/sys/fs/cgroup/cpu/dp-pods/pod{uid}";
        foreach (var group in Directory.EnumerateDirectories(pod).Where(group => File.ReadAllText($"{group}/cpu.cfs_quota_us").Trim() != "-1"))
        {
            yield return File.ReadAllText($"{group}/cpu.cfs_quota_us").Trim();
            yield return File.ReadAllText($"{group}/cpu.shares").Trim();
        }
    }
}

public sealed class ProcessConfinementTests(Engines engines) : ConfinementTests(new ProcessRig(engines));

public sealed class DockerConfinementTests(Engines engines) : ConfinementTests(new DockerRig(engines));

public sealed class CriConfinementTests(Engines engines) : ConfinementTests(new CriRig(engines));
