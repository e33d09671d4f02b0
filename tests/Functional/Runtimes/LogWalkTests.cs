using System.Diagnostics;

namespace Dataplane.Functional.Runtimes;

/// <summary>kubectl logs, on every runtime there is.</summary>
[Collection(RuntimeCollection.Name)]
public sealed class LogWalkTests(RuntimeSessions sessions)
{
    internal const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: logged}
        spec:
          containers:
          - name: ends
            image: IMAGE
            command:
            - sh
            - -c
            - |
              [ -e /keep/go ] && { echo again; exec sleep infinity; }
              for i in 1 2 3; do echo line-$i; done
              until [ -e /keep/go ]; do sleep 0.1; done
              echo line-4
            volumeMounts: [{name: keep, mountPath: /keep}]
          - name: stays
            image: IMAGE
            command: [sh, -c, "head -c 40000 /dev/zero | tr '\\0' x; echo; until [ -e /keep/err ]; do sleep 0.1; done; echo err >&2; exec sleep infinity"]
            volumeMounts: [{name: keep, mountPath: /keep}]
          - name: talks
            image: IMAGE
            command:
            - sh
            - -c
            - |
              echo begin
              until [ -e /keep/talk ]; do sleep 0.1; done
              i=0
              while [ $i -lt 600 ]; do echo $i .................................................................................; i=$((i+1)); done
              until [ -e /keep/end ]; do sleep 0.1; done
              echo end
              exec sleep infinity
            volumeMounts: [{name: keep, mountPath: /keep}]
          volumes: [{name: keep, emptyDir: {}}]
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task TheLogIsCutFollowedToItsEndAndKeptAfterIt(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.Kubectl.EventuallyAsync(text => text == "line-1\nline-2\nline-3\n", Logs("ends"));
        Assert.Equal("line-2\nline-3\n", await session.Kubectl.RunAsync(Logs("ends", "--tail=2")));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z line-3\n$", await session.Kubectl.RunAsync(Logs("ends", "--tail=1", "--timestamps")));
        Assert.Contains("previous terminated container \"ends\" in pod \"logged\" not found", await session.Kubectl.RefusedAsync(Logs("ends", "--previous")));

        using var following = Follow(session, Logs("ends", "-f", "--tail=1"));
        try
        {
            Assert.Equal("line-3", await ReadLineAsync(following));
            await session.Kubectl.RunAsync("exec", "logged", "-c", "ends", "--", "touch", "/keep/go");
            Assert.Equal("line-4", await ReadLineAsync(following));
            Assert.Null(await ReadLineAsync(following));
            await following.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
            Assert.Equal(0, following.ExitCode);
        }
        finally
        {
            following.Kill();
        }

        await session.Kubectl.EventuallyAsync(text => text == "again\n", Logs("ends"));
        Assert.Equal("line-1\nline-2\nline-3\nline-4\n", await session.Kubectl.RunAsync(Logs("ends", "--previous")));
    }

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task LongLinesAreWholeAndBothStreamsShown(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        var line = new string('x', 40000) + "\n";
        await session.Kubectl.EventuallyAsync(text => text == line, Logs("stays"));
        await session.Kubectl.RunAsync("exec", "logged", "-c", "stays", "--", "touch", "/keep/err");
        await session.Kubectl.EventuallyAsync(text => text == line + "err\n", Logs("stays"));
        var together = await session.Kubectl.RunAsync("logs", "logged", "--all-containers", "--prefix", "--tail=1");
        Assert.Contains("[pod/logged/stays] ", together);
        Assert.Contains("[pod/logged/ends] ", together);
    }

    /// <summary>The kubelet of the session is content with 64 KiB a file.</summary>
    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task ALongLogGoesOnInAnotherFileAndWhoFollowsMissesNothing(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.Kubectl.EventuallyAsync(text => text == "begin\n", Logs("talks"));
        var uid = await session.UidAsync("logged");
        using var following = Follow(session, Logs("talks", "-f"));
        try
        {
            Assert.Equal("begin", await ReadLineAsync(following));
            await session.Kubectl.RunAsync("exec", "logged", "-c", "talks", "--", "touch", "/keep/talk");
            for (var number = 0; number < 600; number++)
            {
                Assert.StartsWith($"{number} .", await ReadLineAsync(following));
            }

            await session.EventuallyAsync(() => session.RotatedLogs(uid, "talks").Length == 1, "the log goes on in another file");
            await session.Kubectl.RunAsync("exec", "logged", "-c", "talks", "--", "touch", "/keep/end");
            Assert.Equal("end", await ReadLineAsync(following));
        }
        finally
        {
            following.Kill();
        }

        Assert.Equal("end\n", await session.Kubectl.RunAsync(Logs("talks", "--tail=1")));
    }

    private static Process Follow(RuntimeSession session, string[] arguments) =>
        Programs.Start(session.Kubectl.Command[0], [.. session.Kubectl.Command.Skip(1), .. arguments], session.Kubectl.Environment);

    private static string[] Logs(string container, params string[] options) => ["logs", "logged", "-c", container, .. options];

    private static Task<string?> ReadLineAsync(Process process) =>
        process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
}
