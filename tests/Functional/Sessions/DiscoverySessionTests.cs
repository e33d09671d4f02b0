namespace Dataplane.Functional.Sessions;

/// <summary>What a pod sees of the cluster: names, environment, volumes, its own files.</summary>
[Collection(ClusterCollection.Name)]
public sealed class DiscoverySessionTests(ClusterFixture cluster)
{
    private const string Web = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        """;

    private const string Manifest = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {colour: blue}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: looker}
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 1
          volumes:
          - {name: scratch, emptyDir: {}}
          - {name: settings, configMap: {name: settings}}
          - {name: secret, secret: {secretName: mysecret}}
          containers:
          - name: looker
            image: centos
            volumeMounts:
            - {name: scratch, mountPath: /scratch}
            - {name: settings, mountPath: /etc/settings}
            - {name: secret, mountPath: /etc/foo, readOnly: true}
            command:
            - /bin/sh
            - -c
            - |
              for name in web web.default web.default.svc web.default.svc.cluster.local; do echo "$name $(getent ahostsv4 $name | head -n 1 | cut -d' ' -f1)"; done
              echo "env $WEB_SERVICE_HOST:$WEB_SERVICE_PORT"
              echo "colour $(cat /etc/settings/colour)"
              echo "secret $(cat /etc/foo/username) $(stat -f -c %T /etc/foo)"
              echo "host $(hostname) $(cat /etc/hostname)"
              echo written > /scratch/file && echo "scratch $(cat /scratch/file)"
              echo "pid $$$$"
              grep -c looker /etc/hosts
              exit 3
        """;

    [Fact]
    public async Task NamesEnvironmentVolumesAndExitCode()
    {
        var file = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(file, Web);
        try
        {
            await cluster.KubectlAsync("create", "-f", file);
            await File.WriteAllTextAsync(file, Manifest);
            await cluster.KubectlAsync("create", "-f", Path.Combine(ClusterFixture.Manifests, "secret.yaml"));
            var described = await cluster.KubectlAsync("describe", "secrets", "mysecret");
            Assert.Contains("username:  5 bytes", described);
            Assert.DoesNotContain("admin", described);
            var address = await cluster.KubectlAsync("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}");
            await cluster.KubectlAsync("create", "-f", file);
            await cluster.EventuallyAsync(text => text.Contains("Error") || text.Contains("Completed"), "get", "pod", "looker");
            var log = await cluster.KubectlAsync("logs", "looker");
            foreach (var name in new[] { "web", "web.default", "web.default.svc", "web.default.svc.cluster.local" })
            {
                Assert.Contains($"{name} {address}\n", log);
            }

            Assert.Contains($"env {address}:80", log);
            Assert.Contains("colour blue", log);
            Assert.Contains("secret admin tmpfs", log);
            Assert.Contains("host looker looker", log);
            Assert.Contains("scratch written", log);
            Assert.Contains("pid 1\n", log);
            Assert.Equal("3", await cluster.KubectlAsync("get", "pod", "looker", "-o", "jsonpath={.status.containerStatuses[0].state.terminated.exitCode}"));
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "pod", "looker");
            await cluster.TryKubectlAsync("delete", "configmap", "settings");
            await cluster.TryKubectlAsync("delete", "service", "web");
            await cluster.TryKubectlAsync("delete", "secret", "mysecret");
            File.Delete(file);
        }
    }
}
