using System.Text;
using System.Text.Json;

namespace Dataplane.Api.Tests.Json;

public sealed class ApiJsonTests
{
    [Fact]
    public void Names_follow_upstream_spelling()
    {
        var pod = new Pod
        {
            Metadata = new ObjectMeta { Name = "web", Namespace = "default", UID = "u1" },
            Spec = new PodSpec
            {
                DNSPolicy = "None",
                HostPID = true,
                SetHostnameAsFQDN = false,
                SecurityContext = new PodSecurityContext { FSGroup = 7 },
                Containers =
                [
                    new Container
                    {
                        Name = "c",
                        TTY = true,
                        Ports = [new ContainerPort { Port = 80 }],
                        LivenessProbe = new Probe { HTTPGet = new HTTPGetAction { Port = "http", HTTPHeaders = [new HTTPHeader { Name = "a", Value = "b" }] } },
                    },
                ],
            },
            Status = new PodStatus { PodIP = "10.0.0.1", PodIPs = [new PodIP { IP = "10.0.0.1" }], QOSClass = "BestEffort" },
        };

        Assert.Equal(
            """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default","uid":"u1"},
            "spec":{"containers":[{"name":"c","ports":[{"containerPort":80}],"resources":{},"livenessProbe":{"httpGet":{"port":"http",
            "httpHeaders":[{"name":"a","value":"b"}]}},"tty":true}],"dnsPolicy":"None","hostPID":true,"securityContext":{"fsGroup":7},
            "setHostnameAsFQDN":false},"status":{"podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],"qosClass":"BestEffort"}}
            """.ReplaceLineEndings(""),
            Text(pod));
    }

    [Fact]
    public void Service_names_follow_upstream_spelling()
    {
        var service = new Service
        {
            Spec = new ServiceSpec { ClusterIP = "None", ClusterIPs = ["None"], IPFamilies = ["IPv4"], IPFamilyPolicy = "SingleStack", ExternalIPs = ["1.2.3.4"] },
            Status = new ServiceStatus { LoadBalancer = new LoadBalancerStatus { Ingress = [new LoadBalancerIngress { IP = "1.1.1.1", IPMode = "VIP" }] } },
        };

        Assert.Equal(
            """
            {"apiVersion":"v1","kind":"Service","metadata":{},"spec":{"clusterIP":"None","clusterIPs":["None"],"externalIPs":["1.2.3.4"],
            "ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack"},"status":{"loadBalancer":{"ingress":[{"ip":"1.1.1.1","ipMode":"VIP"}]}}}
            """.ReplaceLineEndings(""),
            Text(service));
    }

    [Fact]
    public void Null_is_read_as_absent()
    {
        var slice = ApiJson.Deserialize<EndpointSlice>("""{"metadata":null,"addressType":null,"endpoints":null,"ports":[{"name":null,"port":null}]}"""u8);

        Assert.Equal("discovery.k8s.io/v1", slice.ApiVersion);
        Assert.Empty(slice.Endpoints);
        Assert.Empty(slice.Metadata.Labels);
        Assert.Equal("", slice.AddressType);
        Assert.Null(Assert.Single(slice.Ports).Port);
    }

    [Fact]
    public void An_empty_list_keeps_its_items() =>
        Assert.Equal("""{"apiVersion":"v1","kind":"List","metadata":{},"items":[]}""", Text(new KubernetesList<Pod>()));

    [Fact]
    public void An_empty_source_is_kept() =>
        Assert.Equal("""{"name":"tmp","emptyDir":{}}""", Text(new Volume { Name = "tmp", EmptyDir = new EmptyDirVolumeSource() }));

    [Fact]
    public void Times_have_seconds_and_lease_times_microseconds()
    {
        var time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.FromHours(1)).AddMicroseconds(9);
        var lease = new Lease { Metadata = new ObjectMeta { CreationTimestamp = time }, Spec = new LeaseSpec { RenewTime = time } };

        Assert.Equal(
            """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"creationTimestamp":"2026-01-02T02:04:05Z"},"spec":{"renewTime":"2026-01-02T02:04:05.678009Z"}}""",
            Text(lease));
        Assert.Equal(time, ApiJson.Clone(lease).Spec.RenewTime);
    }

    [Fact]
    public void Secret_data_is_base64()
    {
        var secret = ApiJson.Deserialize<Secret>("""{"data":{"password":"aHVudGVyMg==","empty":""}}"""u8);

        Assert.Equal("hunter2", Encoding.UTF8.GetString(secret.Data["password"]));
        Assert.Empty(secret.Data["empty"]);
        Assert.Contains("\"password\":\"aHVudGVyMg==\"", Text(secret));
    }

    [Theory]
    [InlineData("""{"spec":{"ports":[{"targetPort":true}]}}""", "$.spec.ports[0].targetPort")]
    [InlineData("""{"spec":{"ports":[{"port":"eighty"}]}}""", "$.spec.ports[0].port")]
    [InlineData("""{"metadata":{"creationTimestamp":"yesterday"}}""", "$.metadata.creationTimestamp")]
    public void A_wrong_type_names_its_path(string json, string path)
    {
        var error = Assert.Throws<JsonException>(() => ApiJson.Deserialize<Service>(Encoding.UTF8.GetBytes(json)));

        Assert.Equal(path, error.Path);
    }

    [Fact]
    public void Same_content_looks_into_collections()
    {
        var service = new Service { Spec = new ServiceSpec { Ports = [new ServicePort { Port = 80 }] } };

        Assert.True(ApiJson.SameContent(service, ApiJson.Clone(service)));
        Assert.False(ApiJson.SameContent(service, service with { Spec = service.Spec with { Ports = [new ServicePort { Port = 81 }] } }));
    }

    private static string Text<T>(T value) => Encoding.UTF8.GetString(ApiJson.Serialize(value));
}
