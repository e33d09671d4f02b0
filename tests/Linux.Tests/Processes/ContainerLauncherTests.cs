using Dataplane.Linux.Interop;
using Dataplane.Linux.Mounts;
using Dataplane.Linux.Processes;

namespace Dataplane.Linux.Tests.Processes;

public sealed class ContainerLauncherTests : IDisposable
{
    private readonly ContainerFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("exit 7", 7, 0)]
    [InlineData("exit 0", 0, 0)]
    public async Task TheExitCodeIsTheProgramsOwn(string script, int code, int signal)
    {
        var (status, _) = await _fixture.RunAsync(["/bin/sh", "-c", script]);
        Assert.Equal(new ExitStatus(code, signal), status);
    }

    [Fact]
    public async Task AKilledContainerReportsTheSignal()
    {
        var child = _fixture.Start(_fixture.Plan(["sleep", "1000"]));
        var exit = _fixture.Monitor.WaitAsync(child);
        Assert.True(child.Signal(9));
        Assert.Equal(new ExitStatus(137, 9), await exit);
        Assert.False(child.Signal(9));
    }

    [Theory]
    [InlineData("echo $$", "1")]
    [InlineData("hostname", "web-0")]
    [InlineData("readlink /proc/self/exe | sed 's/.*/proc/'", "proc")]
    [InlineData("ls -d /proc/[0-9]* | head -1", "/proc/1")]
    [InlineData("tail -n +3 /proc/net/dev | cut -d: -f1", "    lo")]
    [InlineData("ls /proc/self/fd | tr '\\n' ' '", "0 1 2 3 ")]
    [InlineData("mount | grep -c 'on /run/netns'", "0")]
    [InlineData("ls /sys/class/net", "lo")]
    [InlineData("echo hi > /dev/null && head -c 3 /dev/zero | wc -c", "3")]
    [InlineData("echo again > /dev/stdout", "again")]
    [InlineData("touch /written && ls /written", "/written")]
    [InlineData("yes | head -n 1", "y")]
    [InlineData("grep SigBlk /proc/self/status", "SigBlk:\t0000000000000000")]
    public async Task TheContainerSeesItselfAlone(string script, string expected)
    {
        var (_, output) = await _fixture.RunAsync(["/bin/sh", "-c", script]);
        Assert.Equal(expected + "\n", output.EndsWith('\n') ? output : output + "\n");
        Assert.False(File.Exists("/written"));
    }

    [Fact]
    public async Task EnvironmentAndWorkingDirectoryAreThoseOfThePlan()
    {
        var plan = _fixture.Plan(["/bin/sh", "-c", "pwd; env | sort"], ["PATH=/usr/bin:/bin", "GREETING=two words"], "/made/for/it");
        var (status, output) = await _fixture.RunAsync(streams => ContainerLauncher.Start(plan, streams));
        Assert.Equal(0, status.Code);
        Assert.Equal("/made/for/it\nGREETING=two words\nHOME=/root\nPATH=/usr/bin:/bin\nPWD=/made/for/it\n", output);
    }

    [Fact]
    public async Task MountsStandWhereTheyWereAskedForAndLinksStayInTheRoot()
    {
        var source = Directory.CreateDirectory(Path.Combine(_fixture.Root, "source")).FullName;
        File.WriteAllText(Path.Combine(source, "file"), "content\n");
        var image = Directory.CreateDirectory(Path.Combine(_fixture.Root, "image")).FullName;
        File.CreateSymbolicLink(Path.Combine(image, "link"), _fixture.Root);
        var script = "cat /cache/file; echo new > /cache/file && cat /cache/file; echo x > /fixed/file || echo refused; ls /tmp | wc -l; mkdir /var/run/here";
        var (_, output) = await _fixture.RunAsync(
            ["/bin/sh", "-c", script],
            new ContainerMount.Bind(source, "/cache"),
            new ContainerMount.Bind(source, "/fixed", ReadOnly: true),
            new ContainerMount.Memory("/tmp", "1777"));
        Assert.Equal("content\nnew\nrefused\n0\n", output.Replace("/bin/sh: 1: cannot create /fixed/file: Read-only file system\n", ""));
        Assert.Equal("new\n", File.ReadAllText(Path.Combine(source, "file")));
    }

    [Fact]
    public async Task NothingIsLeftOnTheMachine()
    {
        for (var i = 0; i < 5; i++)
        {
            await _fixture.RunAsync(["/bin/true"], new ContainerMount.Memory("/tmp"));
        }

        var descriptors = Directory.GetFiles("/proc/self/fd").Length;
        for (var i = 0; i < 20; i++)
        {
            await _fixture.RunAsync(["/bin/true"], new ContainerMount.Memory("/tmp"));
        }

        Assert.DoesNotContain(File.ReadAllLines("/proc/self/mountinfo"), mount => mount.Contains(_fixture.Root, StringComparison.Ordinal));
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, descriptors + 2);
        Assert.Empty(Directory.GetDirectories(_fixture.Root, "*.gate"));
    }

    [Theory]
    [InlineData("no-such-program", "exec: \"no-such-program\": executable file not found in $PATH: unknown")]
    [InlineData("/no/such", "exec: \"/no/such\": stat /no/such: no such file or directory: unknown")]
    [InlineData("/etc/passwd", "exec: \"/etc/passwd\": permission denied: unknown")]
    public void AProgramThatCannotBeExecutedIsNamed(string program, string message)
    {
        var failure = Assert.Throws<ProgramStartException>(() => ContainerLauncher.Start(_fixture.Plan([program]), default));
        Assert.Equal(message, failure.Message);
    }

    [Fact]
    public async Task AProgramCanBeRunInARunningContainer()
    {
        var container = _fixture.Start(_fixture.Plan(["/bin/sh", "-c", "echo here > /mark; exec sleep 1000"]));
        var program = new ProgramPlan { Arguments = ["sh", "-c", "until [ -s /mark ]; do :; done; cat /mark; hostname; cat /proc/1/comm; exit 3"] };
        var (status, output) = await _fixture.RunAsync(streams => ContainerLauncher.Execute(container, program, streams));
        Assert.Equal(3, status.Code);
        Assert.StartsWith("here\nweb-0\n", output);
    }

    [Fact]
    public async Task ManyContainersStartAtOnce()
    {
        var runs = Enumerable.Range(0, 16).Select(i => _fixture.Plan(["/bin/sh", "-c", $"exit {i}"])).ToArray()
            .Select(plan => Task.Factory.StartNew(
                () => _fixture.RunAsync(streams => ContainerLauncher.Start(plan, streams)), TaskCreationOptions.LongRunning).Unwrap());
        var results = await Task.WhenAll(runs);
        Assert.Equal(Enumerable.Range(0, 16), results.Select(result => result.Status.Code));
    }

    [Fact]
    public void ProcCanBeMountedByAProgramWhereTheKernelTakesNoNamespaceForIt()
    {
        var container = _fixture.Start(_fixture.Plan(["sleep", "1000"]));
        var target = Directory.CreateDirectory(Path.Combine(_fixture.Root, "proc")).FullName;
        var first = NamespacedThread.Run("dp-t-proc", () =>
        {
            LinuxException.Check(Libc.unshare(Libc.CLONE_NEWNS), "unshare");
            LinuxException.Check(Libc.mount(null, "/", null, Libc.MS_REC | Libc.MS_PRIVATE, null), "make private");
            NamespacedThread.Start("dp-t-mount", () => RootCompanion.MountProcByProgram(target, $"/proc/{container.Pid}/ns/pid")).Join();
            return File.ReadAllText(Path.Combine(target, "1", "comm"));
        });
        Assert.Equal("sleep\n", first);
        Assert.Empty(Directory.GetFileSystemEntries(target));
    }
}
