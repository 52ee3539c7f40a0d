resource "aws_vpc" "cluster" {
  cidr_block           = var.network_range
  enable_dns_hostnames = true
  enable_dns_support   = true
}

# One subnet for nodes in each zone, and a small one for its way out.
resource "aws_subnet" "nodes" {
  for_each = { for index, zone in var.zones : zone => index }

  vpc_id            = aws_vpc.cluster.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.network_range, 4, each.value)
  # ip-10-10-0-11.<region>.compute.internal: the inventory's names, the nodes' names, and those by which the cloud's controller looks.
  private_dns_hostname_type_on_launch = "ip-name"

  tags = {
    Name                              = "${var.cluster}-nodes-${each.key}"
    "kubernetes.io/role/internal-elb" = "1"
  }
}

resource "aws_subnet" "edge" {
  for_each = { for index, zone in var.zones : zone => index }

  vpc_id            = aws_vpc.cluster.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.network_range, 8, 240 + each.value)

  tags = {
    Name = "${var.cluster}-edge-${each.key}"
  }
}

resource "aws_internet_gateway" "out" {
  vpc_id = aws_vpc.cluster.id
}

resource "aws_eip" "out" {
  for_each = aws_subnet.edge

  domain = "vpc"
}

# One way out for each zone, so that a lost zone takes only its own.
resource "aws_nat_gateway" "out" {
  for_each = aws_subnet.edge

  subnet_id     = each.value.id
  allocation_id = aws_eip.out[each.key].id

  depends_on = [aws_internet_gateway.out]
}

resource "aws_route_table" "edge" {
  vpc_id = aws_vpc.cluster.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.out.id
  }
}

resource "aws_route_table_association" "edge" {
  for_each = aws_subnet.edge

  subnet_id      = each.value.id
  route_table_id = aws_route_table.edge.id
}

resource "aws_route_table" "nodes" {
  for_each = aws_nat_gateway.out

  vpc_id = aws_vpc.cluster.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = each.value.id
  }
}

resource "aws_route_table_association" "nodes" {
  for_each = aws_subnet.nodes

  subnet_id      = each.value.id
  route_table_id = aws_route_table.nodes[each.key].id
}

resource "aws_security_group" "api" {
  name        = "${var.cluster}-api"
  description = "The API server's load balancer"
  vpc_id      = aws_vpc.cluster.id
}

resource "aws_vpc_security_group_ingress_rule" "api" {
  security_group_id = aws_security_group.api.id
  description       = "Whoever is in the network may ask the API server"
  cidr_ipv4         = var.network_range
  ip_protocol       = "tcp"
  from_port         = 6443
  to_port           = 6443
}

resource "aws_vpc_security_group_egress_rule" "api" {
  security_group_id            = aws_security_group.api.id
  description                  = "Requests and health checks"
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "tcp"
  from_port                    = 6443
  to_port                      = 6443
}

resource "aws_security_group" "nodes" {
  name        = "${var.cluster}-nodes"
  description = "Nodes of the cluster"
  vpc_id      = aws_vpc.cluster.id
}

# Kubelets, etcd, VXLAN, Calico and EFS between the nodes. What pods may do is told by network policies.
resource "aws_vpc_security_group_ingress_rule" "between_nodes" {
  security_group_id            = aws_security_group.nodes.id
  description                  = "Nodes among themselves"
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_ingress_rule" "from_api" {
  security_group_id            = aws_security_group.nodes.id
  description                  = "The load balancer to the API servers"
  referenced_security_group_id = aws_security_group.api.id
  ip_protocol                  = "tcp"
  from_port                    = 6443
  to_port                      = 6443
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each = toset(var.ssh_ranges)

  security_group_id = aws_security_group.nodes.id
  description       = "Ansible"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  security_group_id = aws_security_group.nodes.id
  description       = "Images, exchanges, the cloud's own interfaces"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
