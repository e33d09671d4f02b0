namespace Dataplane.Functional.Runtimes;

/// <summary>ConfigMaps, Secrets, emptyDir and hostPath, on every runtime there is.</summary>
[Collection(RuntimeCollection.Name)]
public sealed class VolumeWalkTests(RuntimeSessions sessions)
{
    internal const string Manifest = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {color: blue, size: small}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: keys}
        stringData: {user: admin, password: before}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: volumes}
        spec:
          containers:
          - name: main
            image: IMAGE
            command: [sleep, infinity]
            env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: keys, key: password}}}]
            envFrom: [{prefix: SET_, configMapRef: {name: settings}}]
            volumeMounts:
            - {name: settings, mountPath: /settings}
            - {name: settings, mountPath: /single, subPath: color}
            - {name: keys, mountPath: /keys}
            - {name: cache, mountPath: /cache}
            - {name: host, mountPath: /host}
          - name: other
            image: IMAGE
            command: [sleep, infinity]
            volumeMounts:
            - {name: cache, mountPath: /seen}
            - {name: memory, mountPath: /memory}
            - {name: host, mountPath: /host, readOnly: true}
          volumes:
          - {name: settings, configMap: {name: settings}}
          - {name: keys, secret: {secretName: keys, defaultMode: 256}}
          - {name: cache, emptyDir: {}}
          - {name: memory, emptyDir: {medium: Memory}}
          - {name: host, hostPath: {path: ROOT/host, type: DirectoryOrCreate}}
        """;

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task ConfigMapsAndSecretsAreFilesAndVariablesAndTheFilesFollowThem(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.ReadyAsync("volumes");
        Assert.Equal(
            "blue blue before before small\npassword user\n400\n1\n",
            await InMainAsync(session, """
                echo $(cat /settings/color) $(cat /single) $(cat /keys/password) $PASSWORD $SET_size
                echo $(ls /keys)
                stat -L -c %a /keys/password
                grep -c ' /keys tmpfs ' /proc/mounts
                """));
        Assert.Contains("Read-only file system", await session.Kubectl.RefusedAsync("exec", "volumes", "-c", "main", "--", "touch", "/keys/new"));

        await session.Kubectl.RunAsync("patch", "configmap", "settings", "-p", """{"data":{"color":"green"}}""");
        await session.Kubectl.RunAsync("patch", "secret", "keys", "-p", """{"data":{"password":"YWZ0ZXI="}}""");

        // Neither a part of a volume nor a variable follows.
        await session.Kubectl.EventuallyAsync(
            text => text == "green after blue before\n",
            "exec", "volumes", "-c", "main", "--", "sh", "-c", "echo $(cat /settings/color) $(cat /keys/password) $(cat /single) $PASSWORD");
    }

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task AnEmptyDirIsThePodsAndAHostPathTheMachines(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.ReadyAsync("volumes");
        Assert.Equal("written\n", await InMainAsync(session, "echo written > /cache/file; echo kept > /host/volumes; cat /cache/file"));
        Assert.Equal("kept\n", await File.ReadAllTextAsync(Path.Combine(session.Host, "volumes"), TestContext.Current.CancellationToken));
        var other = await session.Kubectl.TryAsync(
            "exec", "volumes", "-c", "other", "--", "sh", "-c", "cat /seen/file /host/volumes; grep -c ' /memory tmpfs ' /proc/mounts; touch /host/new");
        Assert.Equal("written\nkept\n1\n", other.Output);
        Assert.Contains("Read-only file system", other.Error);
    }

    private static Task<string> InMainAsync(RuntimeSession session, string script) =>
        session.Kubectl.RunAsync("exec", "volumes", "-c", "main", "--", "sh", "-c", script);
}
