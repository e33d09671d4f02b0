using System.Security.Cryptography;

namespace Dataplane.Functional.Runtimes;

/// <summary>kubectl exec, cp and attach, on every runtime there is.</summary>
[Collection(RuntimeCollection.Name)]
public sealed class ExecWalkTests(RuntimeSessions sessions)
{
    internal const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: entered}
        spec:
          containers:
          - {name: main, image: IMAGE, command: [sleep, infinity]}
          - {name: reader, image: IMAGE, stdin: true, command: [sh, -c, "while read line; do echo said:$line; done; echo over; exec sleep infinity"]}
          - {name: screen, image: IMAGE, stdin: true, tty: true, command: [sh, -c, "while read line; do echo said:$line; done"]}
        """;

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task AProgramRunsWithItsStreamsAndItsExitCode(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.ReadyAsync("entered");
        var failed = await session.Kubectl.TryAsync("exec", "entered", "-c", "main", "--", "sh", "-c", "echo out; echo err >&2; exit 5");
        Assert.Equal((5, "out\n", "err\ncommand terminated with exit code 5\n"), (failed.ExitCode, failed.Output, failed.Error));
        var refused = await session.Kubectl.RefusedAsync("exec", "entered", "-c", "main", "--", "no-such-program");
        Assert.True(refused.Contains("exec: \"no-such-program\": executable file not found in $PATH", StringComparison.Ordinal), refused);

        var input = RandomNumberGenerator.GetBytes(2_000_000);
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, input, TestContext.Current.CancellationToken);
        var read = await session.Kubectl.ShellAsync($"\"$@\" exec -i entered -c main -- sha256sum < {file}");
        var back = await session.Kubectl.ShellAsync($"\"$@\" exec -i entered -c main -- cat < {file} | sha256sum");
        var unread = await session.Kubectl.ShellAsync($"\"$@\" exec entered -c main -- sh -c 'cat; echo end' < {file}");
        File.Delete(file);
        var sum = Convert.ToHexStringLower(SHA256.HashData(input)) + "  -\n";
        Assert.Equal((sum, "", sum, ""), (read.Output, read.Error, back.Output, back.Error));
        Assert.Equal((0, "end\n"), (unread.ExitCode, unread.Output));
    }

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task AShellOnATerminalKnowsItsTerminalAndItsSize(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.ReadyAsync("entered");
        await using var terminal = TerminalSession.Start($"{string.Join(' ', session.Kubectl.Command)} exec -it entered -c main -- sh", session.Kubectl.Environment);
        await terminal.TypeAsync("PS1=; tty\n");
        await terminal.ExpectAsync("/dev/pts/0\r\n");

        // The size comes after the program has started.
        await terminal.TypeAsync("until [ \"$(stty size)\" = '33 111' ]; do :; done; echo si''ze\n");
        await terminal.ExpectAsync("size\r\n");
        await terminal.TypeAsync("exit 7\n");
        Assert.Equal(7, await terminal.EndAsync());
    }

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task FilesAreCopiedBothWays(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.ReadyAsync("entered");
        var directory = Directory.CreateTempSubdirectory("dp-cp-");
        try
        {
            var big = RandomNumberGenerator.GetBytes(3_000_000);
            var source = directory.CreateSubdirectory("source");
            await File.WriteAllBytesAsync(Path.Combine(source.FullName, "big"), big, TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(source.CreateSubdirectory("below").FullName, "small"), "small\n", TestContext.Current.CancellationToken);
            await session.Kubectl.RunAsync("cp", "-c", "main", source.FullName, "entered:/tmp/there");
            await session.Kubectl.RunAsync("cp", "-c", "main", "entered:/tmp/there", Path.Combine(directory.FullName, "back"));
            Assert.Equal(SHA256.HashData(big), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(directory.FullName, "back", "big"), TestContext.Current.CancellationToken)));
            Assert.Equal("small\n", await File.ReadAllTextAsync(Path.Combine(directory.FullName, "back", "below", "small"), TestContext.Current.CancellationToken));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task WhoAttachesIsHeardAndLeavesTheContainerRunning(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.ReadyAsync("entered");
        for (var i = 0; i < 2; i++)
        {
            var attached = await session.Kubectl.ShellAsync($"echo line-{i} | \"$@\" attach -i entered -c reader");
            Assert.True(attached.ExitCode == 0, attached.ToString());
            await session.Kubectl.EventuallyAsync(text => text.EndsWith($"said:line-{i}\n", StringComparison.Ordinal), "logs", "entered", "-c", "reader");
        }

        await using (var terminal = TerminalSession.Start($"{string.Join(' ', session.Kubectl.Command)} attach -it entered -c screen", session.Kubectl.Environment))
        {
            await terminal.ExpectAsync("If you don't see a command prompt, try pressing enter.");
            await terminal.TypeAsync("typed\n");
            await terminal.ExpectAsync("said:typed\r\n");
        }

        Assert.Equal("0 0 0", await session.Kubectl.RunAsync("get", "pod", "entered", "-o", "jsonpath={.status.containerStatuses[*].restartCount}"));
    }
}
