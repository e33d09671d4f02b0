using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>kubectl exec -it, attach and run -it, somebody typing.</summary>
[Collection(ClusterCollection.Name)]
public sealed class TerminalSessionTests(ClusterFixture cluster)
{
    private const char ControlC = '\x03';

    public static TheoryData<string> Versions => KubectlVersions.Streaming;

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task AShellOnATerminalKnowsItsTerminalSizeAndInterrupts(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        await RunPodAsync("terminal-pod", "sleep 3600");
        try
        {
            await using var session = TerminalSession.Start($"{kubectl} exec -it terminal-pod -- /bin/sh", cluster.Environment);
            await session.TypeAsync("PS1=; tty; echo term=$TERM\n");
            await session.ExpectAsync("/dev/pts/0\r\nterm=xterm\r\n");

            // The size comes after the program has started.
            await session.TypeAsync("until [ \"$(stty size)\" = '33 111' ]; do :; done; echo si''ze\n");
            await session.ExpectAsync("size\r\n");

            // Said by the program that is to be interrupted, when it has the terminal.
            await session.TypeAsync("sh -c 'echo slee''ping; exec sleep 3600'\n");
            await session.ExpectAsync("sleeping\r\n");
            await session.TypeAsync($"{ControlC}");
            await session.TypeAsync("echo code=$?\n");
            await session.ExpectAsync("code=130\r\n");
            await session.TypeAsync("exit 7\n");
            Assert.Equal(7, await session.EndAsync());
            Assert.EndsWith("command terminated with exit code 7\r\n", session.Shown);
        }
        finally
        {
            await DeletePodAsync("terminal-pod");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task AChangedTerminalSizeReachesTheProgram(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        await RunPodAsync("resize-pod", "sleep 3600");
        try
        {
            // The outer terminal is named by its own path, so that it can be changed while kubectl has it.
            await using var session = TerminalSession.Start(
                $"/bin/sh -c 'tty; exec {kubectl} exec -it resize-pod -- /bin/sh -c \"trap \\\"stty size\\\" WINCH; echo ready; while :; do read line; done\"'",
                cluster.Environment);
            await session.ExpectAsync("ready\r\n");
            var outer = Regex.Match(session.Shown, @"/dev/pts/\d+").Value;
            var resized = await Programs.RunAsync("stty", ["-F", outer, "rows", "40", "cols", "120"]);
            Assert.True(resized.ExitCode == 0, resized.ToString());

            // A shell runs its trap when the command that was interrupted ends.
            await session.TypeAsync("\n\n");
            await session.ExpectAsync("40 120\r\n");
        }
        finally
        {
            await DeletePodAsync("resize-pod");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task RunWithATerminalIsAShellThatIsGoneAfterwards(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        var name = $"run-{version.Replace('.', '-')}";
        await using var session = TerminalSession.Start(
            $"{kubectl} run -it --rm --restart=Never {name} --image=busybox --override-type=strategic "
            + "--overrides='{\"spec\":{\"terminationGracePeriodSeconds\":1}}' -- /bin/sh", cluster.Environment);
        await session.ExpectAsync("If you don't see a command prompt, try pressing enter.");
        await session.TypeAsync("echo hello-$((40 + 2)); hostname\n");
        await session.ExpectAsync($"hello-42\r\n{name}\r\n");
        await session.TypeAsync("exit 3\n");
        Assert.Equal(3, await session.EndAsync());
        Assert.Contains($"pod \"{name}\" deleted", session.Shown);
        await cluster.EventuallyAsync(text => !text.Contains(name), "get", "pods", "--no-headers", "-o", "name");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task RunWithInputPassesItAndShowsWhatComesBack(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        var name = $"pipe-{version.Replace('.', '-')}";
        var outcome = await Programs.RunAsync(
            "/bin/sh", ["-c", $"printf 'one\\ntwo\\n' | {kubectl} run -i --rm -q --restart=Never {name} --image=busybox -- /bin/sh -c 'sed s/^/got:/; exit 4'"],
            cluster.Environment);
        Assert.Equal("got:one\ngot:two\n", outcome.Output.Replace($"pod \"{name}\" deleted\n", ""));
        Assert.Equal(4, outcome.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task AttachingShowsWhatIsWrittenFromThenOnAndLeavesTheContainerRunning(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        await CreatePodAsync("attach-pod", tty: true, "PS1=; echo started; while read line; do echo said:$line; done");
        try
        {
            for (var i = 0; i < 2; i++)
            {
                await using var session = TerminalSession.Start($"{kubectl} attach -it attach-pod", cluster.Environment);
                await session.ExpectAsync("If you don't see a command prompt, try pressing enter.");
                await session.TypeAsync($"round-{i}\n");
                await session.ExpectAsync($"said:round-{i}\r\n");
            }

            await cluster.EventuallyAsync(text => text == "0 Running", "get", "pod", "attach-pod", "-o", "jsonpath={.status.containerStatuses[0].restartCount} {.status.phase}");
            Assert.Matches(@"started\r?\n(.|\n)*said:round-0\r?\n(.|\n)*said:round-1", await cluster.KubectlAsync("logs", "attach-pod"));
        }
        finally
        {
            await DeletePodAsync("attach-pod");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task InputOfAnAttachedClientReachesAContainerWithoutATerminal(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        await CreatePodAsync("input-pod", tty: false, "while read line; do echo said:$line; done; echo over; sleep 3600");
        try
        {
            // Not stdinOnce: the client's end of input ends the session, not the container's input.
            for (var i = 0; i < 2; i++)
            {
                var outcome = await Programs.RunAsync("/bin/sh", ["-c", $"echo line-{i} | {kubectl} attach -i input-pod"], cluster.Environment);
                Assert.True(outcome.ExitCode == 0, outcome.ToString());
                await cluster.EventuallyAsync(text => text.Contains($"said:line-{i}\n"), "logs", "input-pod");
            }

            Assert.DoesNotContain("over", await cluster.KubectlAsync("logs", "input-pod"));
        }
        finally
        {
            await DeletePodAsync("input-pod");
        }
    }

    private async Task RunPodAsync(string name, string script)
    {
        await cluster.KubectlAsync("run", name, "--image=busybox", "--restart=Never", "--", "/bin/sh", "-c", script);
        await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", name);
    }

    private async Task CreatePodAsync(string name, bool tty, string script)
    {
        var container = $$"""{"name":"{{name}}","image":"busybox","stdin":true,"tty":{{(tty ? "true" : "false")}},"command":["/bin/sh","-c","{{script}}"]}""";
        var overrides = $"{{\"spec\":{{\"containers\":[{container}]}}}}";
        await cluster.KubectlAsync("run", name, "--image=busybox", "--restart=Never", $"--overrides={overrides}");
        await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", name);
    }

    private Task DeletePodAsync(string name) => cluster.KubectlAsync("delete", "pod", name, "--grace-period=1");
}
