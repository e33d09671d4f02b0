using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>The sessions that depend on discovery, OpenAPI and the encoding of bodies, with an older and a newer kubectl.</summary>
[Collection(ClusterCollection.Name)]
public sealed class VersionSessionTests(ClusterFixture cluster)
{
    /// <summary>JSON bodies and SPDY before WebSockets (1.29); protobuf bodies and the newest discovery (1.33).</summary>
    public static TheoryData<string> Versions => ["1.29", "1.33"];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task AnotherKubectlCreatesShowsAppliesAndDeletes(string version)
    {
        var kubectl = Kubectl(version);
        var ns = $"kubectl-{version.Replace('.', '-')}";
        Assert.Contains("Server Version: v1.32.", await RunAsync("version"));
        Screen.Contains("pods po v1 true Pod", await RunAsync("api-resources"));
        Screen.Contains("deployments deploy apps/v1 true Deployment", await RunAsync("api-resources"));
        Assert.StartsWith("KIND:       Service\nVERSION:    v1\n\nFIELD: ports <[]ServicePort>\n", await RunAsync("explain", "service.spec.ports"));
        Assert.Equal($"namespace/{ns} created\n", await RunAsync("create", "namespace", ns));
        var manifest = await ClusterFixture.WriteManifestAsync("""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: applied}
            data: {a: b}
            """);
        try
        {
            Assert.Equal("deployment.apps/web created\n", await InAsync("create", "deployment", "web", "--image=nginx", "--port=80"));
            Assert.Equal("service/web exposed\n", await InAsync("expose", "deployment", "web"));
            Assert.Contains("deployment \"web\" successfully rolled out", await InAsync("rollout", "status", "deployment/web", "--timeout=60s"));
            Screen.Shows(
                """
                NAME READY STATUS RESTARTS AGE
                pod/web-{id} 1/1 Running 0 {age}

                NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE
                service/web ClusterIP 10.96.{ip} <none> 80/TCP {age}

                NAME READY UP-TO-DATE AVAILABLE AGE
                deployment.apps/web 1/1 1 1 {age}

                NAME DESIRED CURRENT READY AGE
                replicaset.apps/web-{id} 1 1 1 {age}
                """,
                await InAsync("get", "all"));
            Assert.Matches(@"Endpoints: +10\.244\.\d+\.\d+:80", await InAsync("describe", "service", "web"));
            Assert.Equal("configmap/applied created\n", await InAsync("apply", "-f", manifest));
            Assert.Equal("configmap/applied unchanged\n", await InAsync("apply", "-f", manifest));
            Assert.Equal("configmap/applied serverside-applied\n", await InAsync("apply", "--server-side", "--force-conflicts", "-f", manifest));
            Assert.Equal("deployment.apps/web scaled\n", await InAsync("scale", "deployment", "web", "--replicas=0"));
            Assert.Equal("deployment.apps \"web\" deleted\n", await InAsync("delete", "deployment", "web"));
        }
        finally
        {
            File.Delete(manifest);
            Assert.Matches($"^namespace \"{Regex.Escape(ns)}\" deleted", await RunAsync("delete", "namespace", ns));
        }

        Task<string> InAsync(params string[] arguments) => RunAsync([.. arguments, "-n", ns]);

        async Task<string> RunAsync(params string[] arguments)
        {
            var outcome = await Programs.RunAsync(kubectl, arguments, cluster.Environment);
            Assert.True(outcome.ExitCode == 0, $"kubectl {version} {string.Join(' ', arguments)}: {outcome}");
            return outcome.Output;
        }
    }

    /// <summary>Packages of several versions put them beside the one that is on the path.</summary>
    private static string Kubectl(string version)
    {
        const string onPath = "/usr/bin/kubectl";
        var real = File.ResolveLinkTarget(onPath, returnFinalTarget: true)?.FullName ?? onPath;
        var file = $"{real}.{version}";
        Assert.SkipUnless(File.Exists(file), $"kubectl {version} is not on this machine ({file})");
        return file;
    }
}
