using System.Security.Cryptography;

namespace Dataplane.Functional.Sessions;

/// <summary>kubectl exec without a terminal, and cp, which is built on it.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ExecSessionTests(ClusterFixture cluster)
{
    public static TheoryData<string> Versions => KubectlVersions.Streaming;

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task AProgramRunsInTheContainerWithItsStreamsAndItsExitCode(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        await StartPodAsync("exec-pod", "touch /tmp/mark; sleep 3600");
        try
        {
            await cluster.EventuallyAsync(text => text == "/tmp/mark\n", "exec", "exec-pod", "--", "ls", "/tmp/mark");
            var failed = await RunAsync(kubectl, "exec", "exec-pod", "-c", "exec-pod", "--", "/bin/sh", "-c", "echo out; echo err >&2; exit 5");
            Assert.Equal((5, "out\n"), (failed.ExitCode, failed.Output));
            Assert.Equal("err\ncommand terminated with exit code 5\n", failed.Error);

            var input = RandomNumberGenerator.GetBytes(5_000_000);
            var file = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}");
            await File.WriteAllBytesAsync(file, input, TestContext.Current.CancellationToken);
            var piped = await Programs.RunAsync("/bin/sh", ["-c", $"{kubectl} exec -i exec-pod -- cat < {file} | sha256sum"], cluster.Environment);
            File.Delete(file);
            Assert.Equal((0, Convert.ToHexStringLower(SHA256.HashData(input)) + "  -\n"), (piped.ExitCode, piped.Output));

            var address = await cluster.KubectlAsync("get", "pod", "exec-pod", "-o", "jsonpath={.status.podIP}");
            Assert.Equal(address, (await RunAsync(kubectl, "exec", "exec-pod", "--", "hostname", "-i")).Output.Trim());
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "exec-pod", "--grace-period=1");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task WhatCannotRunSaysWhy(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        await StartPodAsync("refuse-pod", "sleep 3600");
        try
        {
            foreach (var (arguments, problem) in new (string[] Arguments, string Problem)[]
            {
                (["exec", "refuse-pod", "-c", "nobody", "--", "true"], "Error from server (BadRequest): container nobody is not valid for pod refuse-pod"),
                (["exec", "refuse-pod", "--", "no-such-program"], "exec: \"no-such-program\": executable file not found in $PATH"),
                (["exec", "no-pod", "--", "true"], "Error from server (NotFound): pods \"no-pod\" not found"),
                (["attach", "no-pod"], "Error from server (NotFound): pods \"no-pod\" not found"),
                (["port-forward", "no-pod", ":80"], "Error from server (NotFound): pods \"no-pod\" not found"),
            })
            {
                var refused = await RunAsync(kubectl, arguments);
                Assert.Equal(1, refused.ExitCode);
                Assert.Contains(problem, refused.Error);
            }
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "refuse-pod", "--grace-period=1");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task FilesAndDirectoriesAreCopiedBothWays(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        var directory = Directory.CreateTempSubdirectory("dp-cp-");
        await StartPodAsync("copy-pod", "sleep 3600");
        try
        {
            var big = RandomNumberGenerator.GetBytes(10_000_000);
            var source = directory.CreateSubdirectory("source");
            await File.WriteAllBytesAsync(Path.Combine(source.FullName, "big"), big, TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(source.CreateSubdirectory("below").FullName, "small"), "small\n", TestContext.Current.CancellationToken);

            await CopyAsync(kubectl, source.FullName, "copy-pod:/tmp/there");
            Assert.Equal("small\n", await cluster.KubectlAsync("exec", "copy-pod", "--", "cat", "/tmp/there/below/small"));
            await CopyAsync(kubectl, "copy-pod:/tmp/there/big", Path.Combine(directory.FullName, "back"));
            Assert.Equal(SHA256.HashData(big), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(directory.FullName, "back"), TestContext.Current.CancellationToken)));
            await CopyAsync(kubectl, "copy-pod:/tmp/there", Path.Combine(directory.FullName, "tree"));
            Assert.Equal("small\n", await File.ReadAllTextAsync(Path.Combine(directory.FullName, "tree", "below", "small"), TestContext.Current.CancellationToken));
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "copy-pod", "--grace-period=1");
            directory.Delete(recursive: true);
        }
    }

    private async Task StartPodAsync(string name, string script)
    {
        await cluster.KubectlAsync("run", name, "--image=centos", "--restart=Never", "--", "/bin/sh", "-c", script);
        await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", name);
    }

    private async Task CopyAsync(string kubectl, string from, string to)
    {
        var copied = await RunAsync(kubectl, "cp", from, to);
        Assert.True(copied.ExitCode == 0, copied.ToString());
    }

    private Task<Outcome> RunAsync(string kubectl, params string[] arguments) => Programs.RunAsync(kubectl, arguments, cluster.Environment);
}
