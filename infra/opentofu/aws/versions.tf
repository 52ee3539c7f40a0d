terraform {
  required_version = ">= 1.8"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.60, < 7.0"
    }
  }
}

# Credentials are those of the environment (an AWS profile, or an assumed role).
provider "aws" {
  region = var.region

  default_tags {
    tags = {
      autotrade-cluster                      = var.cluster
      "kubernetes.io/cluster/${var.cluster}" = "owned"
    }
  }
}
